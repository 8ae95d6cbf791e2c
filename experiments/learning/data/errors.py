"""The one error that says why data cannot be used."""

from __future__ import annotations

SHOWN_CHARACTERS = 120


class DatasetError(ValueError):
    """Data, or the way it is to be read, cannot be used as a whole.

    Single bad rows never raise; they are quarantined. The text names the field, the value that was given and what
    would be accepted, so that a page, a command and an API answer can show it as it is.

    Attributes:
        field: what it is about ("user column", "file", "test_share" ...).
        value: what was given, as text, shortened.
        accepted: what would be accepted instead.
    """

    def __init__(self, field: str, problem: str, *, value: object = None, accepted: str) -> None:
        self.field = field
        self.problem = problem
        self.value = None if value is None else shorten(str(value))
        self.accepted = accepted
        given = "" if self.value is None else f" (given: {self.value})"
        super().__init__(f"{field}: {problem}{given}. Accepted: {accepted}.")

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions with keyword arguments do not survive a process boundary by themselves.
        return _rebuild, (self.field, self.problem, self.value, self.accepted)


def _rebuild(field: str, problem: str, value: str | None, accepted: str) -> DatasetError:
    return DatasetError(field, problem, value=value, accepted=accepted)


def shorten(text: str, length: int = SHOWN_CHARACTERS) -> str:
    """Text of at most ``length`` characters; an ellipsis shows that something was cut."""
    return text if len(text) <= length else text[: length - 1] + "…"
