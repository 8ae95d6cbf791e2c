"""The state of the history as its address carries it: text, filters, order, columns, place."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlencode

from django.http import QueryDict

from experiments.query import And, Comparison, Expression, Field, parse

FILTERS = {
    "status": "status",
    "architecture": "architecture",
    "dataset": "dataset",
    "model_type": "model_type",
    "tag": "tag",
    "origin": "origin",
    "run_type": "run_type",
    "family": "family",
    "recipe": "recipe",
    "created_by": "by",
}
"""Fields of a HistoryQuery that filter, and how the address calls them."""
DEFAULT_SORT = "created_at"
MAX_VALUES = 50
MAX_VALUE = 250


@dataclass(frozen=True)
class HistoryQuery:
    """What is asked of the history. Several values of one filter mean any of them.

    ``sort`` is a column's key, ``after`` and ``before`` are cursors that a page gave, ``deleted`` lists deleted runs.
    ``dataset`` takes ids or names, ``created_by`` ids, addresses or names.
    """

    text: str = ""
    status: tuple[str, ...] = ()
    architecture: tuple[str, ...] = ()
    dataset: tuple[str, ...] = ()
    model_type: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    origin: tuple[str, ...] = ()
    run_type: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    recipe: tuple[str, ...] = ()
    created_by: tuple[str, ...] = ()
    sort: str = DEFAULT_SORT
    descending: bool = True
    columns: tuple[str, ...] = ()
    after: str = ""
    before: str = ""
    deleted: bool = False

    @classmethod
    def of(cls, address: QueryDict) -> HistoryQuery:
        """Read from an address; what is not understood there is left for the search to say so."""
        sort = _clean(address.get("sort", "")) or f"-{DEFAULT_SORT}"
        filters: dict[str, Any] = {field: _values(address, name) for field, name in FILTERS.items()}
        columns = (unquote(key) for key in _clean(address.get("columns", "")).split(","))
        return cls(
            text=address.get("q", "").strip(),
            sort=sort.removeprefix("-"),
            descending=sort.startswith("-"),
            columns=tuple(dict.fromkeys(key for key in columns if key)),
            after=_clean(address.get("after", "")),
            before=_clean(address.get("before", "")),
            deleted=address.get("deleted") == "1",
            **filters,
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.text.strip()) or any(getattr(self, field) for field in FILTERS)

    def expression(self) -> Expression:
        """Filters and text as one tree. Raises QueryError for the text."""
        parts = [Comparison(Field(*FIELDS[field]), "in", getattr(self, field)) for field in FILTERS]
        written = parse(self.text)
        all_parts = (
            *(part for part in parts if part.values),
            *(written.parts if isinstance(written, And) else (written,)),
        )
        return all_parts[0] if len(all_parts) == 1 else And(all_parts)

    def querystring(self, **changes: Any) -> str:
        """The address's part after the question mark, with ``changes`` of fields. A change drops the place in the list
        unless it gives one. ``sort`` may begin with a minus, which means descending.
        """
        if changes and not {"after", "before"} & set(changes):
            changes |= {"after": "", "before": ""}
        sort = changes.get("sort")
        if sort is not None and "descending" not in changes:
            changes |= {"sort": sort.removeprefix("-"), "descending": sort.startswith("-")}
        return dataclasses.replace(self, **changes)._written()

    def _written(self) -> str:
        pairs: list[tuple[str, str]] = [("q", self.text)] if self.text else []
        pairs += [(name, value) for field, name in FILTERS.items() for value in getattr(self, field)]
        if (self.sort, self.descending) != (DEFAULT_SORT, True):
            pairs.append(("sort", f"{'-' if self.descending else ''}{self.sort}"))
        if self.columns:
            pairs.append(("columns", ",".join(quote(key, safe=" /@:()[]") for key in self.columns)))
        pairs += [(name, value) for name, value in (("after", self.after), ("before", self.before)) if value]
        if self.deleted:
            pairs.append(("deleted", "1"))
        return urlencode(pairs)


FIELDS: dict[str, tuple[Any, str]] = {
    field: ("tag", "") if field == "tag" else ("attribute", field) for field in FILTERS
}


def _values(address: QueryDict, name: str) -> tuple[str, ...]:
    values = (_clean(value)[:MAX_VALUE] for value in address.getlist(name)[:MAX_VALUES])
    return tuple(dict.fromkeys(value for value in values if value))


def _clean(text: str) -> str:
    """Without what no text in the database can contain."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode().strip()
