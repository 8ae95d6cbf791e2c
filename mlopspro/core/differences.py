"""Line differences of two texts for people."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Line:
    kind: Literal["same", "added", "removed", "skipped"]
    text: str
    old: int | None = None
    new: int | None = None

    @property
    def sign(self) -> str:
        return {"same": " ", "added": "+", "removed": "\u2212", "skipped": "…"}[self.kind]


def changed_lines(before: str, after: str, around: int = 3) -> list[Line]:
    """Changed lines with up to ``around`` unchanged ones on each side; longer unchanged stretches become one line."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[Line] = []
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(around):
        first = group[0]
        skipped = first[1] - sum(1 for line in lines if line.kind in ("same", "removed")) - _skipped(lines)
        if skipped > 0:
            lines.append(Line("skipped", str(skipped)))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines += [Line("same", old[i], i + 1, j1 + i - i1 + 1) for i in range(i1, i2)]
                continue
            lines += [Line("removed", old[i], old=i + 1) for i in range(i1, i2)]
            lines += [Line("added", new[j], new=j + 1) for j in range(j1, j2)]
    return lines


def _skipped(lines: list[Line]) -> int:
    return sum(int(line.text) for line in lines if line.kind == "skipped")
