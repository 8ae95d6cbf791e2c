"""Values of several words without quotes: 90 s, 1 m 12 s, 7 days ago, 2026-11-01 14:30."""

from __future__ import annotations

import re
from collections.abc import Sequence

from experiments.query.attributes import ATTRIBUTES
from experiments.query.lexer import Token
from experiments.query.nodes import Field
from experiments.query.values import moment, seconds

MOST_WORDS = 8
_CLOCK = re.compile(r"\d{1,2}:\d{2}", re.ASCII)


def joined_value(first: Token, following: Sequence[Token], field: Field) -> Token:
    """``first``, with as many words after it as still make one date or one length of time of it."""
    if first.kind != "word" or field.kind != "attribute":
        return first
    kind = ATTRIBUTES[field.name].kind
    if kind not in ("moment", "duration"):
        return first
    read = moment if kind == "moment" else seconds
    longest, text = first, first.text
    for token in following[:MOST_WORDS]:
        if token.kind != "word" or token.keyword:
            break
        text = f"{text} {token.text}"
        if read(text) is not None:
            longest = Token("word", text, first.position, token.end)
        elif kind == "moment" and _CLOCK.match(token.text):  # a wrong time of day is a mistake, not a name
            return Token("word", text, first.position, token.end)
    return longest
