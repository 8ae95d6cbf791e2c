"""Components that lead somewhere: breadcrumbs, tabs, pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.paginator import Page

from mlopspro.core.components.registry import component


@component()
def breadcrumb(*steps: Any) -> dict[str, Any]:
    """Where this page stands: label, address, label, address, …, and the label of the page itself last."""
    if len(steps) == 1 and not isinstance(steps[0], str):
        pairs = [(label, href) for label, href in steps[0]]
    else:
        pairs = [(steps[i], steps[i + 1] if i + 1 < len(steps) else "") for i in range(0, len(steps), 2)]
    return {"steps": pairs}


@component()
def tabs(
    items: Iterable[Mapping[str, Any]],
    current: str,
    *,
    parameter: str = "tab",
    request: Any = None,
    label: str = "Parts",
) -> dict[str, Any]:
    """Parts of a page, the open one in the address (``?tab=…``): {"key", "label", optional "icon", "count", "href"}."""
    found = []
    for item in items:
        href = item.get("href", "")
        if not href:
            query = request.GET.copy() if request is not None else None
            if query is not None:
                query[parameter] = item["key"]
                query.pop("page", None)
            href = f"?{query.urlencode()}" if query is not None else f"?{parameter}={item['key']}"
        found.append({**item, "href": href, "current": item["key"] == current})
    return {"items": found, "label": label}


@component()
def pagination(page: Page[Any], *, request: Any = None, target: str = "", noun: str = "rows") -> dict[str, Any]:
    """First, neighbours, last, and "51–100 of 2 340 rows"; the page number is in the address."""
    query = request.GET.copy() if request is not None else None

    def address(number: int) -> str:
        if query is None:
            return f"?page={number}"
        query["page"] = str(number)
        return f"?{query.urlencode()}"

    total = page.paginator.num_pages
    shown = page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    numbers = [
        {"number": n, "href": address(n) if isinstance(n, int) else "", "current": n == page.number} for n in shown
    ]
    return {
        "page": page,
        "numbers": numbers,
        "previous": address(page.number - 1) if page.has_previous() else "",
        "next": address(page.number + 1) if page.number < total else "",
        "target": target,
        "noun": noun,
        "several": total > 1,
    }


@component()
def stepper(steps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Steps of a longer act: {"label", "state": done | current | failed | waiting, optional "note", "href"}."""
    icons = {"done": "circle-check", "current": "circle-dot", "failed": "circle-x", "waiting": "circle-dashed"}
    words = {"done": "done", "current": "in progress", "failed": "failed", "waiting": "to do"}
    found = [
        {**step, "icon": icons[step["state"]], "word": words[step["state"]], "number": number}
        for number, step in enumerate(steps, 1)
    ]
    return {"steps": found}
