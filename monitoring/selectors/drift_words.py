"""Words of the Drift tab: what each signal, statistic and reason is called."""

from __future__ import annotations

from monitoring.summaries.signals import FEATURE, TITLES

STATISTICS = {
    "ks": "Kolmogorov–Smirnov distance",
    "wasserstein": "Wasserstein distance, in standard deviations",
    "psi": "PSI",
    "jensen_shannon": "Jensen–Shannon distance",
    "total_variation": "Total variation",
    "difference": "Difference of the shares",
    "ratio": "Ratio of the shares",
    "missing_share": "Difference of the missing share",
    "infinite_share": "Difference of the infinite share",
    "cv": "Coefficient of variation",
}
SHORT = {
    "ks": "KS",
    "wasserstein": "Wasserstein",
    "psi": "PSI",
    "jensen_shannon": "Jensen–Shannon",
    "difference": "Difference",
    "ratio": "Ratio",
    "missing_share": "Missing",
    "infinite_share": "Infinite",
}
REASONS = {
    "small": "Below every threshold.",
    "chance": "An effect reaches its threshold, but may be chance.",
    "few": "Too few predictions to judge.",
    "no_reference": "The reference does not say.",
    "vanished": "It does not appear in this stretch.",
}


def title_of(signal: str) -> str:
    """Where the check itself brings no words; a feature is called by its own name."""
    if signal.startswith(FEATURE):
        return f"Feature {signal.removeprefix(FEATURE)}"
    return TITLES.get(signal, signal)


def statistic_title(name: str) -> str:
    return STATISTICS.get(name, name.replace("_", " ").capitalize())


def short_title(name: str) -> str:
    return SHORT.get(name, statistic_title(name))


def reason_of(reason: str) -> str:
    return REASONS.get(reason, "")
