"""All addresses of the site with the marks of their views: what checks.py and the access tests walk over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.module_loading import import_string

from mlopspro.accounts.third_party import GATES
from mlopspro.core.marks import Access, access_of

API = "mlopspro.api.api"
"""By name and at call time: the API imports every app, and this app lies below them."""


@dataclass(frozen=True)
class Route:
    """One address. ``gate`` names the third-party app it belongs to, or is empty."""

    pattern: str
    name: str
    kwargs: tuple[str, ...]
    view: Callable[..., Any]
    access: Access | None
    gate: str = ""

    def __str__(self) -> str:
        return self.name or self.pattern


@dataclass(frozen=True)
class ApiRoute:
    """One method of one API operation."""

    method: str
    path: str
    name: str
    kwargs: tuple[str, ...]
    access: Access | None
    guarded: bool
    """Whether each of its authenticators knows the action, that is, whether requires_api took effect."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def routes() -> Iterator[Route]:
    """Every route of the URLconf."""
    yield from _walk(get_resolver().url_patterns, prefix="", namespaces=(), kwargs=(), gate="")


def _walk(
    patterns: list[Any], *, prefix: str, namespaces: tuple[str, ...], kwargs: tuple[str, ...], gate: str
) -> Iterator[Route]:
    for item in patterns:
        names = (*kwargs, *item.pattern.regex.groupindex)
        where = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            spaces = (*namespaces, item.namespace) if item.namespace else namespaces
            inner = gate or (item.app_name if item.app_name in GATES else "")
            yield from _walk(item.url_patterns, prefix=where, namespaces=spaces, kwargs=names, gate=inner or "")
        elif isinstance(item, URLPattern):
            name = ":".join((*namespaces, item.name)) if item.name else ""
            yield Route(where, name, names, item.callback, access_of(item.callback), gate)


def api_routes() -> Iterator[ApiRoute]:
    """Every method of every operation of the API."""
    api = import_string(API)
    # The bound routers are what answers: their operations carry the authenticators that were inherited or overridden.
    for router in api._get_bound_routers():
        for path, view in router.path_operations.items():
            for operation in view.operations:
                guarded = bool(operation.auth_callbacks) and all(
                    getattr(callback, "action", None) for callback in operation.auth_callbacks
                )
                for method in operation.methods:
                    yield ApiRoute(
                        method=method,
                        path="/".join(part.strip("/") for part in (router.prefix, path) if part.strip("/")),
                        name=f"api:{operation.operation_id or operation.view_func.__name__}",
                        kwargs=tuple(operation.signature.path_params_names),
                        access=access_of(operation.view_func),
                        guarded=guarded,
                    )
