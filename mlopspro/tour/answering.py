"""One question to the site as any program asks it, to see that a version answers."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from mlopspro.tour.scene import Scene

PATIENCE = 10.0


@dataclass(frozen=True)
class Answered:
    """Who got how many films, and how long it took over HTTP."""

    user: str
    items: int
    milliseconds: float
    version: str


def first_answer(scene: Scene) -> Answered | None:
    """An answer of the version that the tour promoted; None where the web processes do not have it yet."""
    version = scene.version
    found = ask(scene.base_url, scene.token, str(version.model_id), scene.world.visit(0).name)
    return found if found is not None and found.version == version.number else None


def ask(base_url: str, token: str, model: str, user: str) -> Answered | None:
    """None where the site does not answer, or has nothing to answer with."""
    address = f"{base_url}/api/recommend/{quote(user, safe='')}?n=10&model={quote(model)}"
    asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})  # noqa: S310  the site's own
    began = time.perf_counter()
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:  # noqa: S310
            found = json.load(answer)["data"]
    except (urllib.error.HTTPError, OSError):
        return None
    return Answered(user, len(found["items"]), 1000 * (time.perf_counter() - began), found["version"])
