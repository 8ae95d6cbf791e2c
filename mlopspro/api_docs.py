"""A page that shows the API's own OpenAPI document: drawn on the server, in our design, under our CSP."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from mlopspro.accounts.access import requires
from mlopspro.accounts.permissions import Action
from mlopspro.api import api
from mlopspro.core.http import render_page

METHODS = ("get", "post", "put", "patch", "delete")


@requires(Action.VIEW)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    schema = api.get_openapi_schema()
    return render_page(request, "api/docs.html", {"info": schema["info"], "groups": groups(schema)})


def groups(schema: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Operations by tag, each with its parameters, body fields and answers, in the order of the document."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, item in schema["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                found.setdefault((operation.get("tags") or ["other"])[0], []).append(
                    _operation(schema, path, method, operation)
                )
    return found


def _operation(schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "short": path.removeprefix("/api"),
        "summary": operation.get("summary", ""),
        "description": operation.get("description", ""),
        "parameters": [
            {"name": item["name"], "required": item.get("required", False), **_field(schema, item["schema"])}
            for item in operation.get("parameters", [])
        ],
        "body": _fields(schema, body) if body else [],
        "answers": [
            {
                "status": status,
                "caption": f"Answer {status}",
                "is_success": str(status).startswith("2"),
                "fields": _fields(schema, _json(answer)),
            }
            for status, answer in operation["responses"].items()
        ],
    }


def _json(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[-1]
        node = schema["components"]["schemas"][name]
    return node


def _fields(schema: dict[str, Any], node: dict[str, Any]) -> list[dict[str, Any]]:
    """The properties of an object, one level deep."""
    resolved = _resolve(schema, node)
    required = set(resolved.get("required", []))
    return [
        {"name": name, "required": name in required, **_field(schema, item)}
        for name, item in resolved.get("properties", {}).items()
    ]


def _field(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    limits = [
        f"{word} {node[key]}"
        for key, word in (("minimum", "from"), ("maximum", "to"), ("maxLength", "up to"))
        if key in node
    ]
    return {
        "type": _type(schema, node),
        "default": node.get("default"),
        "has_default": node.get("default") not in (None, "", [], {}),
        "limits": " ".join(limits),
        "description": node.get("description", ""),
    }


def _type(schema: dict[str, Any], node: dict[str, Any]) -> str:
    if "anyOf" in node:
        return " or ".join(_type(schema, part) for part in node["anyOf"])
    if "enum" in node:
        return " | ".join(map(str, node["enum"]))
    if "$ref" in node:
        return str(node["$ref"].rsplit("/", 1)[-1])
    if node.get("type") == "array":
        return f"list of {_type(schema, node.get('items', {}))}"
    return str(node.get("format") or node.get("type") or "any")
