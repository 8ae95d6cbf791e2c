"""One line that moves on a terminal, and every tenth of the way a line elsewhere."""

from __future__ import annotations

import time
from typing import Any

EVERY_SECONDS = 0.2
WIDTH = 30


class Progress:
    """``stream``: of a management command (OutputWrapper) or a file."""

    def __init__(self, stream: Any, *, first: int, total: int) -> None:
        self.stream, self.first, self.total = stream, first, total
        self.terminal = bool(getattr(stream, "isatty", lambda: False)())
        self.began = time.monotonic()
        self._shown = 0.0
        self._tenth = 10 * first // max(total, 1)

    def show(self, done: int, *, failed: int) -> None:
        now = time.monotonic()
        if self.terminal:
            if now - self._shown >= EVERY_SECONDS or done == self.total:
                self._shown = now
                filled = WIDTH * done // max(self.total, 1)
                self._write(f"\r[{'=' * filled}{' ' * (WIDTH - filled)}] {self._words(done, failed, now)}", "")
        elif (tenth := 10 * done // max(self.total, 1)) > self._tenth:
            self._tenth = tenth
            self._write(self._words(done, failed, now), "\n")

    def end(self) -> None:
        if self.terminal:
            self._write("", "\n")

    def _words(self, done: int, failed: int, now: float) -> str:
        rate = (done - self.first) / max(now - self.began, 1e-9)
        troubles = f", {failed:,} failed" if failed else ""
        return f"{done:,} of {self.total:,}, {rate:,.0f}/s{troubles}"

    def _write(self, text: str, ending: str) -> None:
        self.stream.write(text, ending=ending) if hasattr(self.stream, "style_func") else self.stream.write(
            text + ending
        )
        self.stream.flush()
