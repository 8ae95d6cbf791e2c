"""From text to tokens. Every character is either part of a token or refused with what would be accepted instead."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from experiments.learning.custom_metrics.errors import ExpressionError

MAX_LENGTH = 1_000
KEYWORDS = ("and", "or", "not", "where")

Kind = Literal["number", "name", "keyword", "symbol", "end"]

_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n]+)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)"
    r"|(?P<symbol><=|>=|==|!=|[-+*/^<>(),:])"
)
_FOREIGN = {
    "**": "A power is written ^.",
    "&&": "Conditions are joined with the word and.",
    "||": "Conditions are joined with the word or.",
    "&": "Conditions are joined with the word and.",
    "|": "Conditions are joined with the word or.",
    "!": "A condition is turned round with the word not.",
    "=": "Two values are compared with ==.",
    "@": "Names are written with _at_, as in ndcg_at_10.",
    '"': "Text in quotes is not accepted; names stand without quotes.",
    "'": "Text in quotes is not accepted; names stand without quotes.",
    "[": "Square brackets are not accepted; columns are named directly, as in catalogue.first_rank.",
    "{": "Braces are not accepted; parts are held together with round brackets.",
    "%": "A percent sign is not accepted; a share is written as a number, such as 0.05.",
    ";": "One expression is accepted; values are separated with commas.",
}
_INSTEAD = {"**": "^", "&&": "and", "||": "or", "&": "and", "|": "or", "!": "not", "=": "==", "@": "_at_"}


@dataclass(frozen=True)
class Token:
    """``text`` as written, from ``position`` on; the token "end" is empty and stands behind the last character."""

    kind: Kind
    text: str
    position: int

    @property
    def length(self) -> int:
        return len(self.text)

    @property
    def end(self) -> int:
        return self.position + len(self.text)

    def is_one(self, *texts: str) -> bool:
        """Whether it is one of these symbols or keywords."""
        return self.kind in ("symbol", "keyword") and self.text in texts


def tokens(text: str) -> list[Token]:
    """The tokens of an expression, the last of them "end". Raises ExpressionError."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"The expression has {len(text):,} characters; up to {MAX_LENGTH:,} are accepted.", MAX_LENGTH, 1
        )
    found: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or text.startswith("**", position):
            raise _foreign(text, position)
        kind, piece = str(match.lastgroup), match.group()
        if kind == "number":
            found.append(Token("number", _number(text, piece, position), position))
        elif kind == "name":
            found.append(Token("keyword" if piece in KEYWORDS else "name", piece, position))
        elif kind == "symbol":
            found.append(Token("symbol", piece, position))
        position = match.end()
    return [*found, Token("end", "", len(text))]


def _number(text: str, piece: str, position: int) -> str:
    following = text[position + len(piece) : position + len(piece) + 1]
    if following == "." or following == "_" or (following.isascii() and following.isalnum()):
        raise ExpressionError(
            f"{piece}{following} is neither a number nor a name; a number is written 10, 0.5 or 1e-3, "
            "and names begin with a letter.",
            position,
            len(piece) + 1,
        )
    if not math.isfinite(float(piece)):
        raise ExpressionError(f"{piece} is too large; numbers up to 1e308 are accepted.", position, len(piece))
    return piece


def _foreign(text: str, position: int) -> ExpressionError:
    for piece, words in _FOREIGN.items():
        if text.startswith(piece, position):
            return ExpressionError(words, position, len(piece), _INSTEAD.get(piece, ""))
    return ExpressionError(
        f"The character {text[position]!r} is not accepted; names, numbers, + - * / ^, comparisons, "
        "brackets and commas are.",
        position,
    )
