"""What a person may choose about an evaluation, and what it is called when the choice is wrong."""

from __future__ import annotations

from dataclasses import dataclass

STANDARD_SCALE = (1.0, 5.0)
STANDARD_RELEVANT_FROM = 4.0
MAX_BLOCK_CELLS = 8_000_000
"""Upper bound of users x items in one score block: 32 MB of float32, whatever the size of the catalogue."""


@dataclass(frozen=True)
class EvaluationSettings:
    """Choices of one evaluation; every default is the product's (decision D2).

    Attributes:
        ks: list lengths, ascending; the first is the headline k, at which novelty, diversity, popularity bias,
            confusion, segments and the rated protocol are computed.
        relevant_from: lowest rating that counts as relevant, on the dataset's own scale. None: the place that
            4.0 has on a scale of 1 to 5, three quarters of the way up (3.875 on 0.5 to 5, 7.75 on 1 to 10).
        cut: lowest prediction that is recommended in the rated protocol. None: the one that maximises F1 on the
            validation part. A version evaluated again on new data is given the cut stored with it.
        block_users: how many users are scored at a time, at most; fewer where the catalogue is large.
        new_user_max: a user with at most this many training interactions is new.
        curve_points: ROC and PR curves are thinned to at most this many points for storing.
        calibration_bins: number of equal bins of the rating scale.
        seed: of the one reference line that is estimated and not computed, random diversity.
    """

    ks: tuple[int, ...] = (10, 50, 100)
    relevant_from: float | None = None
    cut: float | None = None
    block_users: int = 1024
    new_user_max: int = 5
    curve_points: int = 200
    calibration_bins: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.ks or any(k < 1 for k in self.ks) or list(self.ks) != sorted(set(self.ks)):
            raise ValueError(f"ks is {self.ks!r}; it must be ascending whole numbers from 1, such as (10, 50, 100).")
        for name, lowest in (("block_users", 1), ("new_user_max", 0), ("curve_points", 2), ("calibration_bins", 1)):
            value = getattr(self, name)
            if value < lowest:
                raise ValueError(f"{name} is {value!r}; it must be {lowest} or more.")

    @property
    def headline_k(self) -> int:
        return self.ks[0]

    def users_per_block(self, num_items: int) -> int:
        """Users scored at a time, so that a block never exceeds MAX_BLOCK_CELLS scores."""
        return max(1, min(self.block_users, MAX_BLOCK_CELLS // max(num_items, 1)))


def relevance_threshold(relevant_from: float | None, scale: tuple[float, float]) -> float:
    """Lowest relevant rating on ``scale``.

    An explicit ``relevant_from`` is used as it is. Without one, 4.0 of 1 to 5 is carried over by its relative
    position: ``low + (4 - 1) / (5 - 1) * (high - low)``.

    Raises:
        ValueError: the scale is empty, or ``relevant_from`` lies outside it.
    """
    low, high = scale
    if not low < high:
        raise ValueError(f"scale is {scale!r}; its first number must be smaller than its second.")
    if relevant_from is None:
        position = (STANDARD_RELEVANT_FROM - STANDARD_SCALE[0]) / (STANDARD_SCALE[1] - STANDARD_SCALE[0])
        return low + position * (high - low)
    if not low <= relevant_from <= high:
        raise ValueError(f"relevant_from is {relevant_from!r}; ratings of this dataset lie between {low} and {high}.")
    return float(relevant_from)
