"""Version numbers MAJOR.MINOR.PATCH (semver.org 2.0.0, without pre-releases) of recipes and models."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_FORM = re.compile(r"(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})\.(0|[1-9][0-9]{0,5})")


@dataclass(frozen=True, order=True)
class Number:
    """Ordered as numbers are: 1.9.0 comes before 1.10.0."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    def raised(self, part: str) -> Number:
        """The next number when ``part`` (major, minor or patch) is raised."""
        if part == "major":
            return Number(self.major + 1, 0, 0)
        if part == "minor":
            return Number(self.major, self.minor + 1, 0)
        return Number(self.major, self.minor, self.patch + 1)


FIRST = Number(0, 1, 0)
"""Of a draft that begins; 1.0.0 is for people to say."""


def parse(text: str) -> Number:
    """Raises ValueError saying what is accepted."""
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text[:40]!r} is no version number; accepted: three numbers such as 1.2.0")
    return Number(*map(int, found.groups()))


def proposals(latest: Number) -> dict[str, Number]:
    """What may come next, by the part that is raised: patch, minor, major."""
    return {part: latest.raised(part) for part in ("patch", "minor", "major")}


def check_above(wanted: Number, existing: Iterable[Number]) -> None:
    """Raises ValueError unless ``wanted`` is greater than every number there is."""
    highest = max(existing, default=None)
    if highest is not None and wanted <= highest:
        patch, minor, major = proposals(highest).values()
        raise ValueError(f"{wanted} is not above {highest}; accepted: {patch}, {minor} or {major}")
