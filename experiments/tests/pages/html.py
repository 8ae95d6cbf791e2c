"""Reading answers as a browser does: fields of forms, by name."""

from __future__ import annotations

from html.parser import HTMLParser


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str | None] = {}
        self.select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "select":
            self.select = str(given.get("name"))
        if tag == "option" and (self.select not in self.found or "selected" in given):
            self.found[self.select] = given.get("value")
        if tag != "input" or not given.get("name"):
            return
        if given.get("type") in ("checkbox", "radio"):
            if "checked" in given or given["name"] not in self.found:
                self.found[str(given["name"])] = (given.get("value") or "on") if "checked" in given else None
        else:
            self.found[str(given["name"])] = given.get("value") or ""


def fields(html: str) -> dict[str, str | None]:
    """{name: value} of all inputs and selects; None for a box that is not ticked."""
    parser = _Fields()
    parser.feed(html)
    return parser.found
