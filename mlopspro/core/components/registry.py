"""Turns plain functions into template tags."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.template import Library, Node, NodeList, TemplateSyntaxError
from django.template.base import FilterExpression, Parser, Token, token_kwargs
from django.template.context import Context
from django.utils.safestring import SafeString, mark_safe

Build = Callable[..., Mapping[str, Any]]
PARTS_KEY = "component_parts"


@dataclass(frozen=True)
class Component:
    name: str
    build: Build
    has_body: bool
    signature: inspect.Signature

    @property
    def template(self) -> str:
        return f"components/{self.name}.html"


REGISTRY: dict[str, Component] = {}


def component(*, body: bool = False) -> Callable[[Build], Build]:
    """Registers the function as the component of its name; ``body`` makes it a pair of tags.

    A parameter named ``request`` is filled from the page where the template does not give it.
    """

    def register(build: Build) -> Build:
        name = build.__name__.rstrip("_")
        REGISTRY[name] = Component(name, build, body, inspect.signature(build))
        return build

    return register


class ComponentNode(Node):
    child_nodelists = ("nodelist",)

    def __init__(
        self, found: Component, args: list[FilterExpression], kwargs: dict[str, FilterExpression], nodelist: NodeList
    ) -> None:
        self.found, self.args, self.kwargs, self.nodelist = found, args, kwargs, nodelist

    def render(self, context: Context) -> SafeString:
        parts: dict[str, str] = {}
        with context.push(**{PARTS_KEY: parts}):
            body = self.nodelist.render(context).strip()
        args = [arg.resolve(context) for arg in self.args]
        kwargs = {name: value.resolve(context) for name, value in self.kwargs.items()}
        request = context.get("request")
        if "request" in self.found.signature.parameters:
            kwargs.setdefault("request", request)
        try:
            self.found.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TemplateSyntaxError(f"{self.found.name}: {error}; it takes {self.found.signature}.") from error
        values = dict(self.found.build(*args, **kwargs))
        values |= {"body": mark_safe(body), "parts": parts, "request": request}  # noqa: S308  rendered by templates
        values["csrf_token"] = context.get("csrf_token")
        if context.template is None:
            raise TemplateSyntaxError(f"{self.found.name} is rendered outside a template.")
        template = context.template.engine.get_template(self.found.template)
        return mark_safe(template.render(context.new(values)).strip())  # noqa: S308  rendered by a template


class FillNode(Node):
    child_nodelists = ("nodelist",)

    def __init__(self, name: str, nodelist: NodeList) -> None:
        self.name, self.nodelist = name, nodelist

    def render(self, context: Context) -> str:
        parts = context.get(PARTS_KEY)
        if parts is None:
            raise TemplateSyntaxError(f'{{% fill "{self.name}" %}} stands outside a component with a body.')
        parts[self.name] = mark_safe(self.nodelist.render(context).strip())  # noqa: S308  rendered by templates
        return ""


def _compile_fill(parser: Parser, token: Token) -> FillNode:
    bits = token.split_contents()
    if len(bits) != 2 or bits[1][0] not in "\"'":
        raise TemplateSyntaxError('fill takes the name of a part in quotes: {% fill "actions" %} … {% endfill %}.')
    nodelist = parser.parse(("endfill",))
    parser.delete_first_token()
    return FillNode(bits[1][1:-1], nodelist)


def _compiler(found: Component) -> Callable[[Parser, Token], ComponentNode]:
    def compile_component(parser: Parser, token: Token) -> ComponentNode:
        args: list[FilterExpression] = []
        kwargs: dict[str, FilterExpression] = {}
        for bit in token.split_contents()[1:]:
            named = token_kwargs([bit], parser)
            if named:
                kwargs |= named
            else:
                args.append(parser.compile_filter(bit))
        nodelist = NodeList()
        if found.has_body:
            nodelist = parser.parse((f"end{found.name}",))
            parser.delete_first_token()
        return ComponentNode(found, args, kwargs, nodelist)

    return compile_component


def add_tags(library: Library) -> None:
    """Every registered component, and ``fill``, as tags of the library."""
    for found in REGISTRY.values():
        library.tag(found.name, _compiler(found))
    library.tag("fill", _compile_fill)
