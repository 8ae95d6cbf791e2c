"""What versions depend on, and how that changed between two of them. Issue 7 watches the distance."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.models import ModelVersion


@dataclass(frozen=True)
class ImportanceChange:
    """Shares of one column or part; 0 where a version does not have it."""

    name: str
    before: float
    after: float

    @property
    def change(self) -> float:
        return self.after - self.before

    @property
    def points(self) -> str:
        """The change in percentage points, with a sign."""
        points = round(100 * self.change, 1)
        return "0.0" if points == 0 else f"{'+' if points > 0 else '−'}{abs(points):.1f}"


def importance_change(a: ModelVersion, b: ModelVersion) -> list[ImportanceChange]:
    """From ``a`` to ``b``, the largest change first; empty where either is not known."""
    before, after = shares_of(a), shares_of(b)
    if not before or not after:
        return []
    changes = [ImportanceChange(name, before.get(name, 0.0), after.get(name, 0.0)) for name in before | after]
    return sorted(changes, key=lambda each: (-abs(each.change), each.name))


def importance_distance(a: ModelVersion, b: ModelVersion) -> float | None:
    """Total variation distance: half the sum of the absolute changes, from 0 (alike) to 1 (nothing in common).

    None where either is not known. Above 1 only where parts work against each other, as shares are then below 0.
    """
    changes = importance_change(a, b)
    return sum(abs(each.change) for each in changes) / 2 if changes else None


def shares_of(version: ModelVersion) -> dict[str, float]:
    """By name, as stored; empty where nothing is known yet."""
    return {str(each["name"]): float(each["share"]) for each in version.importance or []}
