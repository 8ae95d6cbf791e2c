"""Names for states of the history. A view belongs to who saved it; shared ones are open to the whole workspace."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from experiments.models import SavedView
from experiments.services.labels import plain_text
from mlopspro.accounts.models import User, Workspace
from mlopspro.accounts.services import audit

MAX_VIEWS = 200
NAME_LENGTH = 100
QUERY_LENGTH = 4000


class ViewRefused(ValueError):
    """A view that cannot be kept like this; the message can be shown to people."""


def save(workspace: Workspace, owner: User, *, name: str, query: str, shared: bool) -> SavedView:
    """Keeps a query string under a name of its own. Raises ViewRefused where the person uses the name already."""
    cleaned, query = _name(name), _query(query)
    if SavedView.objects.filter(workspace=workspace, owner=owner).count() >= MAX_VIEWS:
        raise ViewRefused(f"You have {MAX_VIEWS} views, which is the limit. Delete some first.")
    try:
        with transaction.atomic():
            view: SavedView = SavedView.objects.create(
                workspace=workspace, owner=owner, name=cleaned, query=query, shared=shared
            )
            _record(view, owner, "save_view")
    except IntegrityError as error:
        raise ViewRefused(
            f"You have a view named {cleaned!r} already. Choose another name, or update that one."
        ) from error
    return view


def update(view: SavedView, owner: User, *, query: str | None = None, shared: bool | None = None) -> None:
    """Another state, or other readers, from now on. The caller has made sure that the view is the owner's."""
    was_shared = view.shared
    view.query = view.query if query is None else _query(query)
    view.shared = view.shared if shared is None else shared
    with transaction.atomic():
        view.save(update_fields=["query", "shared", "updated_at"])
        _record(view, owner, "update_view", concerns_all=was_shared or view.shared)


def delete(view: SavedView, owner: User) -> None:
    with transaction.atomic():
        _record(view, owner, "delete_view")
        view.delete()


def _name(text: str) -> str:
    try:
        cleaned = plain_text(text)
    except ValueError as error:
        raise ViewRefused(f"Name: {error}.") from error
    if not cleaned or len(cleaned) > NAME_LENGTH or "\n" in cleaned:
        raise ViewRefused(f"Name: {cleaned[:40]!r} is not accepted; one line of 1 to {NAME_LENGTH} characters is.")
    return cleaned


def _query(query: str) -> str:
    if len(query) > QUERY_LENGTH:
        raise ViewRefused(
            f"This state takes {len(query)} characters; up to {QUERY_LENGTH} are kept. Show fewer columns."
        )
    return query


def _record(view: SavedView, owner: User, action: str, *, concerns_all: bool | None = None) -> None:
    # Private views are nobody else's business; what changes for the whole workspace is on record.
    if view.shared if concerns_all is None else concerns_all:
        state = {"query": view.query, "shared": view.shared}
        audit.record(action=action, actor=owner, workspace=view.workspace, obj=view, after=state)
