"""Front-end files of npm packages, served one by one under ``vendor/``.

``npm ci`` puts whole packages into ``node_modules/`` by the exact lock. Only the files named here are ever served or
collected: seven files instead of four hundred.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage, Storage

PACKAGES = Path(__file__).resolve().parent.parent / "node_modules"
ALLOWED = {
    "vendor/chart.umd.min.js": "chart.js/dist/chart.umd.min.js",
    "vendor/chartjs-plugin-zoom.min.js": "chartjs-plugin-zoom/dist/chartjs-plugin-zoom.min.js",
    "vendor/chartjs-plugin-annotation.min.js": "chartjs-plugin-annotation/dist/chartjs-plugin-annotation.min.js",
    "vendor/chartjs-adapter-date-fns.bundle.min.js": (
        "chartjs-adapter-date-fns/dist/chartjs-adapter-date-fns.bundle.min.js"
    ),
    "vendor/inter.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "vendor/space-grotesk.woff2": "@fontsource/space-grotesk/files/space-grotesk-latin-700-normal.woff2",
    "vendor/jetbrains-mono.woff2": "@fontsource/jetbrains-mono/files/jetbrains-mono-latin-400-normal.woff2",
}
"""Name under /static/ → file below node_modules/."""


def missing() -> list[str]:
    """Names of vendor files that are not on this machine; empty after ``manage.py fetch_assets``."""
    return [name for name, path in ALLOWED.items() if not (PACKAGES / path).is_file()]


class VendorStorage(FileSystemStorage):
    """The allowed files under their public names; every other name does not exist."""

    def __init__(self) -> None:
        super().__init__(location=str(PACKAGES))

    def path(self, name: str) -> str:
        return str(PACKAGES / ALLOWED[name]) if name in ALLOWED else str(PACKAGES / "none")

    def _open(self, name: str, mode: str = "rb") -> File[Any]:
        # A minified script may name a source map that we do not serve, which the manifest storage takes for an error.
        content = Path(self.path(name)).read_bytes()
        if name.endswith(".js"):
            lines = content.splitlines(keepends=True)
            content = b"".join(line for line in lines if not line.startswith(b"//# sourceMappingURL="))
        return ContentFile(content, name=name)


class VendorFinder(BaseFinder):
    """Finds the allowed files for Django's static files app."""

    storage = VendorStorage()

    def check(self, **_: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **_: Any) -> Any:
        file = PACKAGES / ALLOWED[path] if path in ALLOWED else None
        if file is None or not file.is_file():
            return []
        return [str(file)] if find_all else str(file)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        patterns = [*(ignore_patterns or [])]
        for name, path in ALLOWED.items():
            if (PACKAGES / path).is_file() and not matches_patterns(name, patterns):
                yield name, self.storage
