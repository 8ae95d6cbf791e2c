"""Text → tokens with their places. Linear in the text; raises QueryError for an open quote and for odd characters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from experiments.query.errors import QueryError

TokenKind = Literal["word", "string", "operator", "(", ")", ",", "end"]
QUOTES = "\"'`"
OPERATORS = ("!~", "!=", "<>", "==", ">=", "<=", "&&", "||", "=", ">", "<", "~")
KEYWORDS = frozenset({"and", "or", "not", "in", "is", "null", "like", "ilike"})
_ENDS_WORD = frozenset("()=!<>~,&|" + QUOTES)


@dataclass(frozen=True)
class Segment:
    """A part of a dotted name; a quoted one may hold anything."""

    text: str
    quoted: bool


@dataclass(frozen=True)
class Token:
    kind: TokenKind
    text: str
    position: int
    end: int
    segments: tuple[Segment, ...] = ()

    @property
    def length(self) -> int:
        return self.end - self.position

    @property
    def keyword(self) -> str:
        """The keyword in lower case, or an empty string. A word with a quoted part is none."""
        lower = self.text.lower()
        plain = self.kind == "word" and len(self.segments) == 1
        return lower if plain and lower in KEYWORDS else ""


def tokens(text: str) -> list[Token]:
    """All tokens of ``text`` and an end token."""
    _refuse_odd_characters(text)
    found: list[Token] = []
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        token = _token(text, place)
        found.append(token)
        place = token.end
    found.append(Token("end", "", len(text), len(text)))
    return found


def _token(text: str, start: int) -> Token:
    character = text[start]
    if character == "(":
        return Token("(", "(", start, start + 1)
    if character == ")":
        return Token(")", ")", start, start + 1)
    if character == ",":
        return Token(",", ",", start, start + 1)
    if character in QUOTES:
        content, end = _quoted(text, start)
        return Token("string", content, start, end)
    operator = next((one for one in OPERATORS if text.startswith(one, start)), "")
    if operator:
        return Token("operator", operator, start, start + len(operator))
    if character in _ENDS_WORD:
        raise QueryError(
            f"{character} alone is not understood; comparisons are = != > >= < <= ~ !~, and conditions are joined by "
            "AND, OR and NOT.",
            start,
            1,
        )
    return _word(text, start)


def _word(text: str, start: int) -> Token:
    """A name or a bare value. A quoted part may follow a dot: metrics."val loss"."""
    segments: list[Segment] = []
    place = piece = start
    while place < len(text) and not text[place].isspace() and text[place] not in _ENDS_WORD:
        if text[place] == ".":
            segments.append(Segment(text[piece:place], quoted=False))
            place += 1
            piece = place
            if place < len(text) and text[place] in QUOTES:
                content, place = _quoted(text, place)
                segments.append(Segment(content, quoted=True))
                if place >= len(text) or text[place] != ".":
                    return _joined(segments, start, place)
                place += 1
                piece = place
        else:
            place += 1
    segments.append(Segment(text[piece:place], quoted=False))
    return _joined(segments, start, place)


def _joined(segments: list[Segment], start: int, end: int) -> Token:
    return Token("word", ".".join(one.text for one in segments), start, end, tuple(segments))


def _quoted(text: str, start: int) -> tuple[str, int]:
    """(content, place after the closing quote). A doubled quote stands for the quote itself."""
    quote = text[start]
    pieces: list[str] = []
    place = start + 1
    while (close := text.find(quote, place)) >= 0:
        pieces.append(text[place:close])
        if not text.startswith(quote, close + 1):
            return "".join(pieces), close + 1
        pieces.append(quote)
        place = close + 2
    raise QueryError(
        f"The quote {quote} that begins here is not closed; a quote inside of quoted text is written twice.",
        start,
        len(text) - start,
    )


def _refuse_odd_characters(text: str) -> None:
    for place, character in enumerate(text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            raise QueryError("There is a character here that no name and no text can contain.", place, 1)
