"""The gate as pages ask for it. The judging is services/gate.py: a promotion rests on it."""

from experiments.services.gate import EvaluationOffer, Gate, gate, headline_of, is_relative, known_gate
from experiments.services.gate_words import minimum_words, threshold_words

__all__ = [
    "EvaluationOffer",
    "Gate",
    "gate",
    "headline_of",
    "is_relative",
    "known_gate",
    "minimum_words",
    "threshold_words",
]
