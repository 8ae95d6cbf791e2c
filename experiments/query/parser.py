"""Tokens → tree, by recursive descent with a bound on depth.

query      = [ or ]
or         = and { OR and }
and        = not { [AND] not }
not        = NOT not | "(" or ")" | condition | words
condition  = field operator value | field [NOT] IN "(" value { "," value } ")" | field IS [NOT] NULL
"""

from __future__ import annotations

from collections.abc import Callable

from experiments.query.attributes import ATTRIBUTES
from experiments.query.errors import QueryError, shortened
from experiments.query.fields import field_of
from experiments.query.lexer import Token, tokens
from experiments.query.nodes import And, Comparison, Expression, Field, Not, Nullness, Operator, Or, Value, Words
from experiments.query.phrases import joined_value
from experiments.query.values import ordered_value_of, text_of, value_of

MAX_LENGTH = 2000
MAX_DEPTH = 50
MAX_CONDITIONS = 50

_OPERATORS: dict[str, Operator] = {
    "=": "=",
    "==": "=",
    "!=": "!=",
    "<>": "!=",
    ">": ">",
    ">=": ">=",
    "<": "<",
    "<=": "<=",
    "~": "~",
    "!~": "!~",
}
_TEXT_OPERATORS = frozenset({"~", "!~", "like", "not like", "ilike", "not ilike"})
_ORDER_OPERATORS = frozenset({">", ">=", "<", "<="})


def parse(text: str) -> Expression:
    """The tree of ``text``; ``And(())``, which holds for every run, when it is blank. Raises QueryError."""
    if len(text) > MAX_LENGTH:
        raise QueryError(
            f"The query is {len(text):,} characters long; up to {MAX_LENGTH:,} are accepted.",
            MAX_LENGTH,
            len(text) - MAX_LENGTH,
        )
    return _Parser(tokens(text)).query()


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self._tokens = found
        self._place = 0
        self._depth = 0
        self._conditions = 0

    def query(self) -> Expression:
        if self._next.kind == "end":
            return And(())
        whole = self._or()
        rest = self._next
        if rest.kind == ")":
            raise QueryError("This parenthesis closes none that was opened.", rest.position, 1)
        if rest.kind != "end":
            raise self._unexpected()
        return whole

    # --- Structure ----------------------------------------------------------------------------------------------
    def _or(self) -> Expression:
        parts = [self._and()]
        while self._takes("or", "||"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(tuple(_flat(Or, parts)))

    def _and(self) -> Expression:
        parts = [self._not()]
        while self._takes("and", "&&") or self._begins_term():
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else And(tuple(_flat(And, parts)))

    def _not(self) -> Expression:
        token = self._next
        if token.keyword == "not":
            self._advance()
            return Not(self._deeper(token, self._not))
        if token.kind == "(":
            self._advance()
            inside = self._deeper(token, self._or)
            if self._next.kind != ")":
                raise QueryError("This parenthesis is not closed.", token.position, 1)
            self._advance()
            return inside
        return self._term()

    def _deeper(self, token: Token, rule: Callable[[], Expression]) -> Expression:
        if self._depth >= MAX_DEPTH:
            raise QueryError(
                f"The query is nested more than {MAX_DEPTH} levels deep; write it with fewer parentheses.",
                token.position,
                token.length,
            )
        self._depth += 1
        result = rule()
        self._depth -= 1
        return result

    def _begins_term(self) -> bool:
        token = self._next
        return token.kind in ("word", "string", "(") and token.keyword in ("", "not")

    # --- Conditions ---------------------------------------------------------------------------------------------
    def _term(self) -> Expression:
        token = self._next
        if token.kind not in ("word", "string") or token.keyword:
            raise self._unexpected()
        self._count(token)
        self._advance()
        follower = self._next
        if follower.kind == "operator" and follower.text in _OPERATORS:
            self._advance()
            return self._comparison(field_of(token), _OPERATORS[follower.text], follower)
        if follower.keyword in ("is", "in", "like", "ilike") or self._negated_operator():
            return self._worded(field_of(token))
        return Words(text_of(token))

    def _negated_operator(self) -> bool:
        """``name NOT IN (…)``: a NOT that belongs to the operator behind it."""
        after = self._tokens[min(self._place + 1, len(self._tokens) - 1)]
        return self._next.keyword == "not" and after.keyword in ("in", "like", "ilike")

    def _worded(self, field: Field) -> Expression:
        negated = self._takes("not")
        token = self._advance()
        if token.keyword == "is":
            return self._nullness(field)
        if token.keyword == "in":
            return Comparison(field, "not in" if negated else "in", self._list(field))
        operator: Operator = "like" if token.keyword == "like" else "ilike"
        if negated:
            operator = "not like" if operator == "like" else "not ilike"
        return self._comparison(field, operator, token)

    def _nullness(self, field: Field) -> Expression:
        present = self._takes("not")
        if not self._takes("null"):
            raise QueryError("After IS comes NULL or NOT NULL.", self._next.position, self._next.length)
        return Nullness(field, missing=not present)

    def _list(self, field: Field) -> tuple[Value, ...]:
        opening = self._next
        if opening.kind != "(":
            raise QueryError(
                'After IN comes a list in parentheses: IN ("a", "b").', opening.position, max(1, opening.length)
            )
        self._advance()
        values = [value_of(self._value("IN"), field)]
        while self._next.kind == ",":
            self._advance()
            values.append(value_of(self._value("IN"), field))
        if self._next.kind != ")":
            raise QueryError(
                "The list after IN is not closed: values are separated by commas and end with ).", opening.position, 1
            )
        self._advance()
        return tuple(values)

    def _comparison(self, field: Field, operator: Operator, shown: Token) -> Expression:
        _refuse_unfitting(field, operator, shown)
        token = joined_value(self._value(shown.text), self._rest(), field)
        while self._next.position < token.end:
            self._advance()
        if operator in _TEXT_OPERATORS:
            return Comparison(field, operator, (text_of(token),))
        if operator in _ORDER_OPERATORS:
            return Comparison(field, operator, (ordered_value_of(token, field),))
        return Comparison(field, operator, (value_of(token, field),))

    def _value(self, after: str) -> Token:
        token = self._next
        if token.kind not in ("word", "string") or token.keyword:
            raise QueryError(
                f"After {after} comes a value: a number, or text, which is quoted where it has spaces.",
                token.position,
                max(1, token.length),
            )
        return self._advance()

    # --- Walking ------------------------------------------------------------------------------------------------
    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _rest(self) -> list[Token]:
        return self._tokens[self._place :]

    def _advance(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _takes(self, keyword: str, sign: str = "") -> bool:
        token = self._next
        if token.keyword == keyword or (sign and token.kind == "operator" and token.text == sign):
            self._advance()
            return True
        return False

    def _count(self, token: Token) -> None:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            raise QueryError(
                f"The query has more than {MAX_CONDITIONS} conditions and words; use IN (…) for a long list of values.",
                token.position,
                token.length,
            )

    def _unexpected(self) -> QueryError:
        token = self._next
        if token.kind == "end":
            return QueryError("The query ends where a condition is expected.", token.position, 0)
        if token.kind == "operator":
            message = f"A field is missing before {token.text}: write it like metrics.rmse {token.text} 0.9."
        else:
            message = (
                f"{shortened(token.text)} stands where a condition is expected, such as metrics.rmse < 0.9 or a word "
                "of the name."
            )
        return QueryError(message, token.position, token.length)


def _refuse_unfitting(field: Field, operator: Operator, shown: Token) -> None:
    kind = ATTRIBUTES[field.name].kind if field.kind == "attribute" else ""
    is_text = field.kind in ("parameter", "tag") or kind in ("text", "choice")
    if operator in _TEXT_OPERATORS and not is_text:
        raise QueryError(
            f"{shown.text} compares text, and {shortened(field.name)} is none; use = != > >= < or <=.",
            shown.position,
            shown.length,
        )
    ordered = field.kind in ("metric", "parameter") or kind in ("number", "moment", "duration")
    if operator in _ORDER_OPERATORS and not ordered:
        raise QueryError(
            f"{shown.text} compares by size, and {shortened(field.name or 'tags')} is text; use = != ~ !~ LIKE or IN.",
            shown.position,
            shown.length,
        )


def _flat(kind: type[And] | type[Or], parts: list[Expression]) -> list[Expression]:
    """Parts of the same kind are taken in: a AND (b AND c) is one node of three."""
    flat: list[Expression] = []
    for part in parts:
        if isinstance(part, kind):
            flat.extend(part.parts)
        else:
            flat.append(part)
    return flat
