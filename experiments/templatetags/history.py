"""The history's table for templates: ``{% load history %}``."""

from __future__ import annotations

from django.template import Library

from experiments.history_cells import cells_of

register = Library()
register.simple_tag(cells_of, name="history_cells")
