"""What a training process can load before it knows what to train, so that a run begins at once."""

from __future__ import annotations


def import_everything() -> None:
    """Imports TensorFlow, Keras and every learner; seconds and some 500 MB, so never in a web process."""
    from experiments.learning.recommenders import registry
    from experiments.learning.recommenders.keras_net import fit, fit_ranking, fit_towers, sequence_fit

    del registry, fit, fit_ranking, fit_towers, sequence_fit
