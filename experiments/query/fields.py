"""Dotted names → fields: metrics.f1_score, metrics.rated.f1_at_10, params."learning rate", tags.team, status."""

from __future__ import annotations

from experiments.query.attributes import ATTRIBUTES, NAMES, PREFIXES, PROTOCOLS
from experiments.query.errors import QueryError, nearest, shortened
from experiments.query.lexer import Segment, Token
from experiments.query.nodes import Field, FieldKind

MAX_NAME = 250


def field_of(token: Token) -> Field:
    """The field a token before a comparison names. Raises QueryError with what is near."""
    segments = token.segments or (Segment(token.text, quoted=True),)
    first = segments[0].text.lower() if not segments[0].quoted else ""
    rest = segments[1:]
    kind = PREFIXES.get(first, "") if rest else ""
    if len(token.text) > MAX_NAME:
        raise QueryError(
            f"This name is {len(token.text):,} characters long; names have up to {MAX_NAME}.",
            token.position,
            token.length,
        )
    if kind == "metric":
        return _metric(token, rest)
    if kind == "parameter":
        return _field("parameter", _name(token, rest), token)
    if kind == "tag":
        return _field("tag", _name(token, rest), token)
    if not rest and first in ("tags", "tag"):
        return _field("tag", "", token)
    return _attribute(token, _name(token, rest) if kind == "attribute" else token.text)


def _metric(token: Token, rest: tuple[Segment, ...]) -> Field:
    if len(rest) > 1 and not rest[0].quoted and rest[0].text.lower() in PROTOCOLS:
        protocol = rest[0].text.lower()
        return Field("metric", _name(token, rest[1:]), protocol, token.position, token.length)
    return _field("metric", _name(token, rest), token)


def _attribute(token: Token, name: str) -> Field:
    known = NAMES.get(name.lower())
    if known is not None:
        return _field("attribute", known.name, token)
    if name.lower() in ("tags", "tag"):
        return _field("tag", "", token)
    near = nearest(name, [*NAMES, "tags"])
    prefixed = token.text != name or "." in name
    suggestion = near or ("" if prefixed else f"metrics.{name}")
    if near:
        hint = f": did you mean {near}?"
    elif prefixed:
        hint = "."
    else:
        hint = f": did you mean metrics.{shortened(name)} or params.{shortened(name)}?"
    raise QueryError(
        f"A run has no attribute {shortened(name)}{hint} Attributes are {', '.join(ATTRIBUTES)} and tags; other fields "
        "begin with metrics., params. or tags.",
        token.position,
        token.length,
        suggestion,
    )


def _name(token: Token, segments: tuple[Segment, ...]) -> str:
    name = ".".join(one.text for one in segments)
    if not name:
        raise QueryError(
            f"A name is missing after {token.text}: write it like metrics.rmse or params.learning_rate.",
            token.position,
            token.length,
        )
    return name


def _field(kind: FieldKind, name: str, token: Token) -> Field:
    return Field(kind, name, "", token.position, token.length)
