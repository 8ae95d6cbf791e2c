"""The browser of the tests: a Chromium of this machine, else Playwright's own, else Debian's package where we are root.

``python -m mlopspro.testing.browser`` makes sure that there is one, and names it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

SYSTEM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MACOS_PLACES = (
    Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"),
    Path("/Applications/Chromium.app/Contents/MacOS/Chromium"),
)


def system_browser() -> Path | None:
    """A Chromium that this machine has (env MLOPSPRO_BROWSER names another), or None."""
    given = os.environ.get("MLOPSPRO_BROWSER", "").strip()
    found = [given] if given else [path for name in SYSTEM_NAMES if (path := shutil.which(name))]
    places = [Path(path) for path in found] + list(MACOS_PLACES)
    return next((path for path in places if path.is_file()), None)


def playwright_browser() -> Path | None:
    """The Chromium that Playwright downloaded, or None."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.is_file() else None


def launch_arguments() -> dict[str, object]:
    """Keyword arguments for Playwright's ``chromium.launch``."""
    flags = ["--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("--no-sandbox")  # Chromium's sandbox refuses root
    own = system_browser()
    return {"args": flags, **({"executable_path": str(own)} if own is not None else {})}


def ensure() -> Path:
    """Find a browser or install one. Raises RuntimeError saying what to install by hand."""
    found = system_browser() or playwright_browser()
    if found is not None:
        return found
    _run(sys.executable, "-m", "playwright", "install", "chromium")
    if (found := playwright_browser()) is not None:
        return found
    if shutil.which("apt-get") and os.geteuid() == 0:
        _run("apt-get", "update", "-qq")
        _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium")
    if (found := system_browser()) is not None:
        return found
    raise RuntimeError("found no browser and could not install one; install Chromium, or set MLOPSPRO_BROWSER to one")


def _run(*argv: str) -> None:
    # A failure is no error yet: the next way may work.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(argv, check=False, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    try:
        sys.stdout.write(f"browser: {ensure()}\n")
    except RuntimeError as problem:
        sys.exit(str(problem))
