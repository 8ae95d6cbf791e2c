"""The list of models: what is live, and what could be."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from experiments.learning.families import Family
from experiments.models import Deployment, ModelVersion, RegisteredModel, Stage
from experiments.selectors.model_headline import Headline, headline_of
from mlopspro.accounts.models import User, Workspace

PAGE_SIZE = 25
LIVE = {"yes": "Live", "no": "Not live"}


@dataclass(frozen=True)
class ModelFilter:
    """What of the list is wanted, as its address carries it; what is not understood is left out."""

    q: str = ""
    family: str = ""
    live: str = ""
    owner: str = ""
    tag: str = ""
    archived: bool = False

    @classmethod
    def of(cls, address: Mapping[str, str]) -> ModelFilter:
        def clean(name: str) -> str:
            return address.get(name, "").replace("\0", "").strip()[:200]

        family, live, owner = clean("family"), clean("live"), clean("owner")
        return cls(
            q=clean("q"),
            family=family if family in list(Family) else "",
            live=live if live in LIVE else "",
            owner=owner if owner in ("me", "nobody") or _is_id(owner) else "",
            tag=clean("tag"),
            archived=address.get("archived") == "1",
        )

    @property
    def is_narrow(self) -> bool:
        return replace(self, archived=False) != ModelFilter()

    def without(self, name: str) -> str:
        cleared: dict[str, Any] = {name: ""}
        return f"?{replace(self, **cleared).query}"

    @property
    def query(self) -> str:
        pairs = [(name, getattr(self, name)) for name in ("q", "family", "live", "owner", "tag")]
        kept = [(name, value) for name, value in pairs if value]
        return urlencode([*kept, *([("archived", "1")] if self.archived else [])])


@dataclass(frozen=True)
class ModelRow:
    """A model with what is live of it and what is newest. ``num_versions`` counts all."""

    model: RegisteredModel
    live: ModelVersion | None
    deployed: Deployment | None
    newest: ModelVersion | None
    num_versions: int

    @property
    def headline(self) -> Headline | None:
        """Of the live version; of the newest where none is live."""
        shown = self.live or self.newest
        return headline_of(shown) if shown else None


def page_of(workspace: Workspace, wanted: ModelFilter, person: User, number: int | str) -> Page[Any]:
    """One page of 25 rows: five queries whatever the number of models and versions."""
    page = Paginator(_filtered(workspace, wanted, person), PAGE_SIZE).get_page(number)
    page.object_list = _rows(list(page.object_list))  # type: ignore[assignment]
    return page


def owners(workspace: Workspace) -> list[tuple[str, str]]:
    """(id, name) of people who own a model: one query."""
    rows = RegisteredModel.objects.filter(workspace=workspace, owner__isnull=False).select_related("owner")
    return sorted(
        {(str(row.owner_id), str(row.owner)) for row in rows.order_by().distinct("owner")}, key=lambda p: p[1]
    )


def _filtered(workspace: Workspace, wanted: ModelFilter, person: User) -> QuerySet[RegisteredModel]:
    rows = RegisteredModel.objects.filter(workspace=workspace, archived_at__isnull=not wanted.archived)
    rows = rows.select_related("owner", "recipe")
    if wanted.q:
        rows = rows.filter(Q(name__icontains=wanted.q) | Q(description__icontains=wanted.q))
    if wanted.family:
        rows = rows.filter(family=wanted.family)
    if wanted.tag:
        rows = rows.filter(tags__contains=[wanted.tag])
    if wanted.owner == "nobody":
        rows = rows.filter(owner__isnull=True)
    elif wanted.owner:
        rows = rows.filter(owner=person.pk if wanted.owner == "me" else uuid.UUID(wanted.owner))
    if wanted.live:
        live = Exists(ModelVersion.objects.filter(model=OuterRef("pk"), stage=Stage.PRODUCTION))
        rows = rows.filter(live if wanted.live == "yes" else ~live)
    return rows.annotate(num_versions=Count("versions")).order_by("name", "pk")


def _rows(models: list[RegisteredModel]) -> list[ModelRow]:
    ids = [model.pk for model in models]
    versions = ModelVersion.objects.filter(model__in=ids).select_related("model").defer("card", "parameters")
    newest = {
        one.model_id: one for one in versions.order_by("model_id", "-major", "-minor", "-patch").distinct("model_id")
    }
    live = {one.model_id: one for one in versions.filter(stage=Stage.PRODUCTION)}
    open_now = Deployment.objects.filter(model__in=ids, role=Deployment.As.CHAMPION, ended_at__isnull=True)
    deployed = {one.model_id: one for one in open_now}
    return [
        ModelRow(
            model, live.get(model.pk), deployed.get(model.pk), newest.get(model.pk), getattr(model, "num_versions", 0)
        )
        for model in models
    ]


def _is_id(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
