"""What a step of the tour is handed: the tour's rows, what earlier steps found, the visitors, and how to wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.conf import settings
from django.db import close_old_connections
from django.utils import timezone

from experiments.models import ModelVersion, RegisteredModel
from mlopspro.accounts.models import User, Workspace
from mlopspro.tour.course import Course
from mlopspro.tour.visitors import Visitors
from mlopspro.tour.world import World
from retraining.models import Tour, TourStep

T = TypeVar("T")
LOOK_SECONDS = 0.5
ALIVE_SECONDS = 5.0
"""How often the tour's row says that its driver lives; the page doubts it after a few that fail to come."""


class StepFailed(Exception):
    """The step did not come to its end; the message says why, for people."""


@dataclass(frozen=True)
class Link:
    """Where to look at what a step did. ``url`` is an address of this site."""

    label: str
    url: str


@dataclass(frozen=True)
class Outcome:
    """What came of a step: a sentence with its figures, and where to look at it."""

    sentence: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Step:
    """``limit`` is in seconds, several times what two quiet cores need at the tour's own pace; ``why`` is one line."""

    key: str
    title: str
    why: str
    limit: float
    run: Callable[[Scene], Outcome]


def first_sentence(text: str) -> str:
    """Of several: what a line of the tour has room for."""
    return text.split(". ")[0].rstrip(".") + "."


@dataclass
class Scene:
    """``facts`` of the tour are kept in its row, so that a driver which was killed goes on where it was.

    ``token`` is an API key for the time of the tour, ``owner`` the person in whose name it acts; ``sleep`` waits so
    many seconds.
    """

    tour: Tour
    workspace: Workspace
    owner: User
    base_url: str
    token: str
    world: World
    visitors: Visitors
    course: Course
    tell: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    step: TourStep | None = None
    _limit: float = 0.0
    _alive_at: float = field(default=0.0)

    @property
    def facts(self) -> dict[str, Any]:
        found: dict[str, Any] = self.tour.facts
        return found

    @property
    def name(self) -> str:
        """What the tour calls its data and its model."""
        return str(self.facts["name"])

    @property
    def model(self) -> RegisteredModel:
        return RegisteredModel.objects.select_related("workspace").get(pk=self.facts["model"])

    @property
    def version(self) -> ModelVersion:
        """The one that the tour promoted; a retraining makes another."""
        rows = ModelVersion.objects.select_related("model__workspace", "dataset", "experiment")
        return rows.get(pk=self.facts["version"])

    def keep(self, **facts: Any) -> None:
        """Remembers what later steps need."""
        self.tour.facts = self.tour.facts | facts
        self.tour.save(update_fields=["facts"])

    def say(self, sentence: str, progress: float | None = None) -> None:
        """What is happening; on the page as long as the step goes on."""
        step = self.step
        if step is not None and (step.sentence, step.progress) != (sentence, progress):
            step.sentence, step.progress = sentence, progress
            step.save(update_fields=["sentence", "progress"])

    def begin(self, step: TourStep, limit: float) -> None:
        self.step = step
        # Where the installation keeps its usual pace, what it does by itself takes longer.
        paces = settings.CHECK_SECONDS + settings.JUDGE_SECONDS + settings.DECIDE_SECONDS + 4 * settings.LOOP_SECONDS
        self._limit = time.monotonic() + limit + paces

    def wait(self, look: Callable[[], T | None], waits_for: str | Callable[[], str], progress: Any = None) -> T:
        """What ``look`` finds once it is not None. Raises StepFailed after the step's limit, naming what was missed.

        ``progress``: None, or a function that gives 0 to 1.
        """
        while True:
            self.tick()
            found = look()
            if found is not None:
                return found
            words = waits_for if isinstance(waits_for, str) else waits_for()
            self.say(words, progress() if progress is not None else None)
            if time.monotonic() > self._limit:
                raise StepFailed(f"It took longer than it may. {words}")
            self.sleep(LOOK_SECONDS)

    def tick(self) -> None:
        """Once every look: visitors that fell silent are noticed, quality is read from the log, the row says alive."""
        close_old_connections()
        if self.visitors.trouble:
            raise StepFailed(f"Visitors cannot be sent: {self.visitors.trouble}")
        if time.monotonic() - self._alive_at < ALIVE_SECONDS:
            return
        self._alive_at = time.monotonic()
        self.keep(alive=timezone.now().isoformat(), visits=self.visitors.number, **self._course())

    def _course(self) -> dict[str, Any]:
        """Points of live quality that were added since, where visitors come already."""
        if "live_at" not in self.facts:
            return {}
        return {"course": self.course.extended(self.facts.get("course", []), self.facts["live_at"])}
