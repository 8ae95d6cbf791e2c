"""What the pages of many runs share: the state of the history, their own choices, and what is said of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urlencode

from django.urls import NoReverseMatch, reverse

from experiments.query import QueryError
from experiments.selectors import columns as column_rows
from experiments.selectors.columns import Column, UnknownColumn
from experiments.selectors.many_runs import Options, options
from experiments.selectors.search.resolve import Resolver
from experiments.views.allowed import allowed
from experiments.views.history_context import QUERY_EXAMPLES, Mistake, chips_of
from experiments.views.history_state import HistoryState
from mlopspro.core.http import WorkspaceRequest

NONE = "none"
"""Written in an address for "no column", where leaving it out means the default."""


@dataclass
class Exploring:
    """One page's question: the state of the history, and the columns it can draw.

    ``complaints`` collects what was asked for and cannot be; the page says so and shows what it can.
    """

    request: WorkspaceRequest
    state: HistoryState
    columns: list[Column]
    resolver: Resolver
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, request: WorkspaceRequest) -> Exploring:
        """Three queries: which columns there are."""
        columns = column_rows.available(request.workspace)
        return cls(request, HistoryState.of(request.GET), columns, Resolver(request.workspace))

    def column(self, parameter: str, fits: Callable[[Column], bool], *defaults: str) -> Column | None:
        """The column an address names; else the first default that there is; None where there is neither."""
        asked = self.request.GET.get(parameter, "").strip()
        if asked and asked != NONE:
            found = self._named(asked, fits)
            if found is not None:
                return found
        if asked == NONE:
            return None
        by_key = {column.key: column for column in self.columns}
        return next((by_key[key] for key in defaults if key in by_key), None)

    def several(self, parameter: str, fits: Callable[[Column], bool], most: int) -> list[Column]:
        """The columns an address names, separated by commas or given one by one; empty where it names none."""
        known = {column.key for column in self.columns}
        given = self.request.GET.getlist(parameter)
        keys = [key for text in given for key in ([text] if text in known else map(unquote, text.split(",")))]
        wanted = dict.fromkeys(key.strip() for key in keys)
        found = [one for key in wanted if key not in ("", NONE) and (one := self._named(key, fits)) is not None]
        if len(found) > most:
            self.complaints.append(f"{len(found)} columns are chosen; the first {most} are shown.")
        return list(dict.fromkeys(found))[:most]

    def _named(self, key: str, fits: Callable[[Column], bool]) -> Column | None:
        try:
            found = next((one for one in self.columns if one.key == key), None)
            found = found or column_rows.column_of(self.resolver, key)
        except UnknownColumn as error:
            self.complaints.append(error.message)
            return None
        if not fits(found):
            self.complaints.append(f"{found.label} cannot be used here; choose one from the list.")
            return None
        return found

    def options(self, fits: Callable[[Column], bool]) -> Options:
        return options([column for column in self.columns if fits(column)])

    def context(self, here: str, extras: Iterable[tuple[str, str]], error: QueryError | None) -> dict[str, Any]:
        """What the frame of each page shows; ``extras`` are the page's own choices as the address carries them."""
        kept = [(name, value) for name, value in extras if value]
        return {
            "here": here,
            "state": self.state,
            "querystring": self.state.querystring(after="", before=""),
            "extras": urlencode(kept),
            "hidden_state": self.state.hidden(),
            "hidden_extras": kept,
            "typed": self.state.query.text,
            "mistake": Mistake.of(self.state, error) if error is not None else None,
            "complaints": self.complaints,
            "chips": chips_of(self.request, self.state),
            "query_examples": QUERY_EXAMPLES,
            "allowed": allowed(self.request),
        }

    def here_with(self, page: str, extras: Sequence[tuple[str, str]], **changes: Any) -> str:
        """The address of a page of this family with the same state, changed as given."""
        pairs = [
            self.state.querystring(**({"after": "", "before": ""} | changes)),
            urlencode([p for p in extras if p[1]]),
        ]
        query = "&".join(part for part in pairs if part)
        return reverse(page) + (f"?{query}" if query else "")


def joined(keys: Iterable[str]) -> str:
    """Keys as one parameter of an address; a comma inside of a name is written in its percent form."""
    return ",".join(quote(key, safe=" /@:()[]") for key in keys)


def compare_address() -> str:
    """Where runs are compared; empty where there is no such page."""
    try:
        return reverse("experiments:compare")
    except NoReverseMatch:
        return ""
