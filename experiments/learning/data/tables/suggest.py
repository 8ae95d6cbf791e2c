"""Guesses what each column of a table is, from names and first values. Every answer is only a suggestion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from experiments.learning.data.readers.suggest import is_number, name_key
from experiments.learning.data.tables.reading import SeenTable
from experiments.learning.data.tables.times import TimeFormat, guess
from experiments.learning.families import ABOUT, Family
from experiments.learning.tabular.base import Roles

SHOWN_EXAMPLES = 3
MOSTLY = 0.7
"""So many of the filled cells decide what a column is; the others are typing errors, to be refused row by row."""
MOST_KINDS = 50
"""A text column with more different values in its first rows is taken for a name and gets no role by itself."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_TIME = _words("date day time timestamp ts ds datetime week orderdate salesdate contactedat at createdat")
_QUANTITY = _words("quantity qty units unitssold sold sales demand volume count ordered")
_NAMES: dict[Family, dict[str, tuple[str, ...]]] = {
    Family.FORECASTING: {
        "time": _TIME,
        "target": (*_words("target y value"), *_QUANTITY, *_words("revenue turnover visits amount")),
        "series": _words(
            "series shop store shopid storeid product productid sku item itemid region branch location uniqueid"
        ),
        "numeric": _words("price promo promotion discount temperature"),
        "categorical": _words("holiday event promo promotion weekday openclosed open"),
    },
    Family.PRICING: {
        "price": _words("price unitprice sellprice listprice netprice priceunit amount"),
        "quantity": _QUANTITY,
        "product": _words("product productid sku item itemid article asin productname"),
        "time": _TIME,
    },
    Family.NEXT_BEST_ACTION: {
        "action": _words("action treatment campaign channel offer arm variant contact"),
        "outcome": _words(
            "outcome converted conversion response responded purchased bought clicked success label y visit reacted "
            "target"
        ),
        "unit": _words("customer customerid client clientid user userid member memberid account accountid id"),
        "time": _TIME,
    },
    Family.LOCATION_SCORING: {
        "latitude": _words("latitude lat"),
        "longitude": _words("longitude lon lng long"),
        "target": _words("target y value sales revenue turnover score visits result medianhousevalue"),
    },
}
_CONTROLS = _words("none control nothing noaction noemail nocontact holdout 0 no")


@dataclass(frozen=True)
class SeenColumn:
    """A column as its first rows show it: ``type`` number, time or text; ``empty`` is the share without a value."""

    name: str
    type: str
    examples: tuple[str, ...]
    distinct: int
    empty: float


@dataclass(frozen=True)
class Suggestion:
    """What a table seems to be, for a person to confirm."""

    columns: tuple[SeenColumn, ...]
    roles: Roles
    decimal: str
    time_format: TimeFormat


def suggest(seen: SeenTable, family: Family) -> Suggestion:
    """Types of all columns and a proposed role for each; a role no column fits stays empty."""
    decimal = _decimal(seen)
    columns = tuple(_column(seen, name) for name in seen.columns)
    chosen = _by_name(columns, family)
    times = [column.name for column in columns if column.type == "time"]
    roles = {role.name for role in ABOUT[family].roles}
    if "time" in roles and "time" not in chosen and times:
        chosen["time"] = [times[0]]
    if family is Family.NEXT_BEST_ACTION and "outcome" not in chosen:
        chosen["outcome"] = [column.name for column in columns if _is_coin(seen, column)][:1]
    if family is not Family.FORECASTING:
        # Of a forecast, only what is known ahead may be a feature; that a name does not tell.
        taken = {name for names in chosen.values() for name in names}
        left = [column for column in columns if column.name not in taken and not _is_name(column)]
        chosen["numeric"] = [column.name for column in left if column.type == "number"]
        chosen["categorical"] = [
            column.name for column in left if column.type == "text" and column.distinct <= MOST_KINDS
        ]
    time_column = chosen.get("time", [""])[0] if chosen.get("time") else ""
    found = guess(seen.cells(time_column), MOSTLY) if time_column else None
    return Suggestion(columns, _roles(seen, family, chosen), decimal, "auto" if found in (None, "iso") else found)


def _roles(seen: SeenTable, family: Family, chosen: dict[str, list[str]]) -> Roles:
    many = {role.name for role in ABOUT[family].roles if role.many}
    values: dict[str, object] = {
        role: tuple(names) if role in many else names[0] for role, names in chosen.items() if names
    }
    if values.get("action"):
        kinds = sorted(set(seen.cells(str(values["action"]))))
        control = next((kind for word in _CONTROLS for kind in kinds if name_key(kind) == word), None)
        if control is not None:
            values["control"] = control
    return Roles.model_validate(values)


def _by_name(columns: Sequence[SeenColumn], family: Family) -> dict[str, list[str]]:
    many = {role.name for role in ABOUT[family].roles if role.many}
    chosen: dict[str, list[str]] = {}
    taken: set[str] = set()
    for role, names in _NAMES[family].items():
        for name in names:
            for column in columns:
                fits = name_key(column.name) == name and column.name not in taken and _fits(role, column)
                if fits and (role in many or role not in chosen):
                    chosen.setdefault(role, []).append(column.name)
                    taken.add(column.name)
    return chosen


def _fits(role: str, column: SeenColumn) -> bool:
    if role in ("target", "quantity", "price", "latitude", "longitude", "numeric"):
        return column.type == "number"
    if role == "categorical":
        return column.type == "text"
    return True


def _column(seen: SeenTable, name: str) -> SeenColumn:
    cells = seen.cells(name)
    distinct = list(dict.fromkeys(cells))
    kind = "text"
    if guess(cells, MOSTLY) is not None:
        kind = "time"
    elif cells and sum(map(is_number, cells)) >= MOSTLY * len(cells):
        kind = "number"
    empty = 1 - len(cells) / len(seen.rows) if seen.rows else 0.0
    return SeenColumn(name, kind, tuple(distinct[:SHOWN_EXAMPLES]), len(distinct), empty)


def _is_coin(seen: SeenTable, column: SeenColumn) -> bool:
    return set(seen.cells(column.name)) == {"0", "1"}


def _is_name(column: SeenColumn) -> bool:
    key = name_key(column.name)
    return key.endswith("id") or key in ("uuid", "name", "index", "row") or column.type == "time"


def _decimal(seen: SeenTable) -> str:
    """The comma where numbers have one and none has a point."""
    cells = [cell for row in seen.rows[:200] for cell in row if is_number(cell)]
    comma, point = any("," in cell for cell in cells), any("." in cell for cell in cells)
    return "," if comma and not point else "."
