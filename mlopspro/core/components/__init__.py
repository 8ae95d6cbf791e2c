"""The components of every page: a Python function that takes and checks the arguments, and a template that draws them.

``{% badge run %}`` calls ``badge(run)`` and renders ``templates/components/badge.html`` with what it returns. A
component with a body is a pair of tags, ``{% card title="Curves" %} … {% endcard %}``; its template gets the body as
``body`` and named parts, given by ``{% fill "actions" %} … {% endfill %}``, as ``parts.actions``.

One component more is one function with ``@component()`` here and one template; /dev/components/ shows them all.
"""

from mlopspro.core.components import display, figures, forms, layout, navigating, progress  # noqa: F401  registers them
