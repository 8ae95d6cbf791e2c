"""The language of the history's query bar: text in, a tree of conditions out. Knows no tables and no framework.

``parse`` gives an ``Expression`` (experiments.query.nodes) or raises ``QueryError``, which says in words what is wrong,
where, and what is accepted. docs/how-to/find-runs.md has the language for people.
"""

from experiments.query.errors import QueryError
from experiments.query.nodes import And, Comparison, Expression, Field, Not, Nullness, Or, Words
from experiments.query.parser import MAX_CONDITIONS, MAX_DEPTH, MAX_LENGTH, parse

__all__ = [
    "MAX_CONDITIONS",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "And",
    "Comparison",
    "Expression",
    "Field",
    "Not",
    "Nullness",
    "Or",
    "QueryError",
    "Words",
    "parse",
]
