"""Components that hold others: cards, tables."""

from __future__ import annotations

from typing import Any

from mlopspro.core.components.registry import component


@component(body=True)
def card(
    *,
    title: str = "",
    level: int = 2,
    note: str = "",
    href: str = "",
    flush: bool = False,
    id: str = "",  # noqa: A002
) -> dict[str, Any]:
    """A surface with a title. ``href`` makes the whole card lead there; ``flush`` leaves out the padding (tables).

    Parts: "actions" beside the title.
    """
    return {"title": title, "level": level, "note": note, "href": href, "flush": flush, "id": id}


@component(body=True)
def table(*, caption: str, id: str = "", rows: bool = False, show_caption: bool = False) -> dict[str, Any]:  # noqa: A002
    """The shell of a table: scrolls inside its card, header and first column stay. The body is thead and tbody.

    ``rows`` turns on the keys j and k (move) and x (tick) for rows that have a link or a checkbox.
    """
    return {"caption": caption, "id": id, "rows": rows, "show_caption": show_caption}


@component()
def sort_header(
    label: str, key: str, *, sort: str = "", request: Any = None, numeric: bool = False, title: str = "", hint: str = ""
) -> dict[str, Any]:
    """A column header that sorts: ``sort`` is the present order, "key" or "-key". The order lives in the address.

    The other parameters of the request's address are kept, the page number is dropped.
    """
    direction = {key: "ascending", f"-{key}": "descending"}.get(sort, "none")
    first = f"-{key}" if numeric else key
    following = (key if first != key else f"-{key}") if sort == first else first
    parameters = request.GET.copy() if request is not None else None
    query = f"sort={following}"
    if parameters is not None:
        parameters["sort"] = following
        parameters.pop("page", None)
        query = parameters.urlencode()
    return {
        "label": label,
        "direction": direction,
        "query": query,
        "numeric": numeric,
        "title": title,
        "hint": hint,
        "icon": {"ascending": "arrow-up", "descending": "arrow-down", "none": "chevrons-up-down"}[direction],
    }
