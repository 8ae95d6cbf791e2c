"""What the content security policy and the rules of the house ask of every template and script, by their source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template

ROOT = Path(settings.BASE_DIR)
FOLDER = ROOT / "templates"
TEMPLATES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.html"))
SCRIPTS = sorted((ROOT / "static/js").glob("*.js"))
FORBIDDEN = {
    "inline style": r"<style\b|\sstyle\s*=",
    "inline script": r"<script(?![^>]*\bsrc=)",
    "inline handler": r"\son[a-z]+\s*=\s*[\"']",
    "htmx evaluation": r"\bhx-on\b|hx-vals=['\"]js:|hx-headers=['\"]js:|hx-trigger=['\"][^'\"]*\[",
    "address of another site": r"(?:src|href|action)\s*=\s*[\"'](?:https?:)?//",
    "unescaped output": r"\|\s*safe\b|{%\s*autoescape\s+off",
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_need_no_exception_from_the_content_security_policy(name: str) -> None:
    source = re.sub(r"{#.*?#}|{% comment.*?endcomment %}", "", (FOLDER / name).read_text(), flags=re.DOTALL)
    found = {rule: match[0] for rule, pattern in FORBIDDEN.items() if (match := re.search(pattern, source))}
    assert not found


@pytest.mark.parametrize("name", TEMPLATES)
def test_templates_compile(name: str) -> None:
    get_template(name)


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name.startswith("components/")])
def test_components_say_what_they_are_and_take(name: str) -> None:
    first = (FOLDER / name).read_text().splitlines()[0]
    assert re.fullmatch(r"{# .*Context: .*#}", first), first


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_write_no_markup_and_evaluate_no_text(path: Path) -> None:
    source = path.read_text()
    assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval|new Function)\b", source)
    assert '"use strict";' in source
