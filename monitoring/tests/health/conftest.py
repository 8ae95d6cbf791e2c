from __future__ import annotations

from collections.abc import Iterator

import pytest

from monitoring.selectors import exposition, health_figures


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """Figures are kept for seconds in a process; no test may see those of another."""
    health_figures.forget()
    exposition.forget()
    yield
    health_figures.forget()
    exposition.forget()
