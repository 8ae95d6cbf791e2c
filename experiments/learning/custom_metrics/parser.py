"""A recursive-descent parser: one method a level of precedence, the weakest first.

    expression  = [ name ":" ] either
    either      = both { "or" both }
    both        = inverse { "and" inverse }
    inverse     = "not" inverse | comparison
    comparison  = sum [ ("<" | "<=" | ">" | ">=" | "==" | "!=") sum ]
    sum         = product { ("+" | "-") product }
    product     = sign { ("*" | "/") sign }
    sign        = ("-" | "+") sign | power
    power       = atom [ "^" sign ]
    atom        = number | name | name "(" either { "," either } [ "where" either ] ")" | "(" either ")"

Depth is counted and bounded, so neither reading nor evaluating can exhaust the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from experiments.learning.custom_metrics.errors import ExpressionError
from experiments.learning.custom_metrics.lexer import KEYWORDS, Token, tokens
from experiments.learning.custom_metrics.syntax import Call, Chain, Expression, Name, Node, Number, Operation, Span

MAX_DEPTH = 30
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
_VALUE = "a number, a name, a function or a bracket"


def parse(text: str) -> Expression:
    """Raises ExpressionError, and nothing else, whatever the text is."""
    return _Parser(text).expression()


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = tokens(text)
        self.at = 0
        self.depth = 0

    # --- Tokens -------------------------------------------------------------------------------------------------
    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    @property
    def last_end(self) -> int:
        return self.tokens[self.at - 1].end

    def take(self) -> Token:
        token = self.now
        self.at += 1
        return token

    def take_if(self, *texts: str) -> Token | None:
        return self.take() if self.now.is_one(*texts) else None

    def unexpected(self, accepted: str) -> ExpressionError:
        token = self.now
        if token.kind == "end":
            return ExpressionError(f"The expression ends here; accepted: {accepted}.", token.position)
        meant = token.text.lower()
        suggestion = meant if meant in KEYWORDS and meant != token.text else ""
        return ExpressionError(
            f"{token.text} is not expected here; accepted: {accepted}.", token.position, token.length, suggestion
        )

    @contextmanager
    def deeper(self) -> Iterator[None]:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(
                f"More than {MAX_DEPTH} things stand inside each other; write it flatter.", self.now.position
            )
        yield
        self.depth -= 1

    # --- Levels -------------------------------------------------------------------------------------------------
    def expression(self) -> Expression:
        if self.now.kind == "end":
            raise ExpressionError("The expression is empty; write for example mean(catalogue.ndcg_at_10).", 0)
        protocol = None
        if self.now.kind == "name" and self.tokens[self.at + 1].is_one(":"):
            token = self.take()
            protocol = Name(token.text, Span(token.position, token.end))
            self.take()
        body = self.either()
        if self.at < len(self.tokens) - 1:
            raise self.unexpected("an operator such as + or >=, or the end")
        return Expression(body, protocol)

    def either(self) -> Node:
        with self.deeper():
            return self.chain(("or",), self.both)

    def both(self) -> Node:
        return self.chain(("and",), self.inverse)

    def inverse(self) -> Node:
        if token := self.take_if("not"):
            with self.deeper():
                operand = self.inverse()
            return Operation("not", (operand,), Span(token.position, self.last_end))
        return self.comparison()

    def comparison(self) -> Node:
        start = self.now.position
        left = self.sum()
        token = self.take_if(*COMPARISONS)
        if token is None:
            return left
        right = self.sum()
        if self.now.is_one(*COMPARISONS):
            raise ExpressionError(
                "Comparisons are not chained; join two of them with and.", self.now.position, self.now.length, "and"
            )
        return Operation(token.text, (left, right), Span(start, self.last_end))

    def sum(self) -> Node:
        return self.chain(("+", "-"), self.product)

    def product(self) -> Node:
        return self.chain(("*", "/"), self.sign)

    def sign(self) -> Node:
        if token := self.take_if("-", "+"):
            with self.deeper():
                operand = self.sign()
            return Operation(f"sign {token.text}", (operand,), Span(token.position, self.last_end))
        return self.power()

    def power(self) -> Node:
        start = self.now.position
        base = self.atom()
        if not self.take_if("^"):
            return base
        with self.deeper():
            exponent = self.sign()
        return Operation("^", (base, exponent), Span(start, self.last_end))

    def chain(self, operators: tuple[str, ...], operand: Callable[[], Node]) -> Node:
        start = self.now.position
        first = operand()
        rest: list[tuple[str, Node]] = []
        while token := self.take_if(*operators):
            rest.append((token.text, operand()))
        return Chain(first, tuple(rest), Span(start, self.last_end)) if rest else first

    def atom(self) -> Node:
        token = self.now
        if token.kind == "number":
            self.take()
            return Number(float(token.text), Span(token.position, token.end))
        if token.kind == "name":
            self.take()
            return self.call(token) if self.now.is_one("(") else Name(token.text, Span(token.position, token.end))
        if self.take_if("("):
            inner = self.either()
            self.close(token, "an operator or )")
            return inner
        raise self.unexpected(_VALUE)

    def call(self, name: Token) -> Call:
        opened = self.take()
        if self.now.is_one(")"):
            raise ExpressionError(f"{name.text} is given nothing; accepted: {_VALUE}.", self.now.position)
        arguments = [self.either()]
        while self.take_if(","):
            arguments.append(self.either())
        where = self.either() if self.take_if("where") else None
        self.close(opened, "an operator, a comma or )" if where is not None else "an operator, a comma, where or )")
        return Call(
            name=name.text,
            arguments=tuple(arguments),
            where=where,
            span=Span(name.position, self.last_end),
            name_span=Span(name.position, name.end),
        )

    def close(self, opened: Token, accepted: str) -> None:
        if self.take_if(")"):
            return
        if self.now.kind == "end":
            raise ExpressionError("This bracket is not closed; a ) is missing.", opened.position)
        raise self.unexpected(accepted)
