"""The state of the history's page: what is asked, which saved view it came from, what it showed before a mistake."""

from __future__ import annotations

import dataclasses
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from experiments.selectors.history_query import FILTERS, HistoryQuery

MAX_ADDRESS = 16_000


@dataclass(frozen=True)
class HistoryState:
    """``was`` is the last query that could be read: its rows stay below one that cannot."""

    query: HistoryQuery
    view: uuid.UUID | None = None
    was: str = ""

    @classmethod
    def of(cls, address: QueryDict) -> HistoryState:
        """Read from an address. ``column`` (one for each ticked box of the column picker) becomes ``columns``."""
        query = HistoryQuery.of(address)
        if ticked := tuple(dict.fromkeys(key for key in address.getlist("column") if key)):
            query = dataclasses.replace(query, columns=ticked)
        return cls(query, uuid_of(address.get("view", "")), address.get("was", "").strip())

    @classmethod
    def of_text(cls, text: str) -> HistoryState:
        """The same from a query string that a form or a saved view kept."""
        return cls.of(QueryDict(text[:MAX_ADDRESS]))

    def with_view(self, view: uuid.UUID | None) -> HistoryState:
        return dataclasses.replace(self, view=view)

    def querystring(self, **changes: Any) -> str:
        """What stands after the question mark; ``changes`` are those of :meth:`HistoryQuery.querystring`."""
        text = self.query.querystring(**changes)
        more = urlencode({"view": self.view}) if self.view is not None else ""
        return "&".join(part for part in (text, more) if part)

    def kept(self) -> str:
        """What a saved view keeps: everything but the place in the list and the view itself."""
        return self.query.querystring(after="", before="")

    def filters(self) -> list[tuple[str, str, str]]:
        """(field, name in the address, value) of each active filter."""
        return [(field, name, value) for field, name in FILTERS.items() for value in getattr(self.query, field)]

    def hidden(self, *leave_out: str) -> list[tuple[str, str]]:
        """What a form carries along as hidden fields: the state without the text, the place and what is left out."""
        pairs = QueryDict(self.querystring(text="", after="", before=""))
        gone = {*leave_out}
        return [(name, str(value)) for name, values in pairs.lists() for value in values if name not in gone]


def uuid_of(text: str) -> uuid.UUID | None:
    """The id that a text is, or None."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
