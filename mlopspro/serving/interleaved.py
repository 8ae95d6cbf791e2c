"""One list of two versions: the champion's and another's, drafted by turns, each item with its team.

Both versions rank for the user, what either of them knows as seen is left out, and the two pick by turns
(``experiments/learning/team_draft.py``). The draft is the same for a user for the whole of a day (UTC), so that
reloading a page deals no new cards. Where one of both does not know the user its picks are the most popular items, as
they would be if it answered alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

from experiments.learning.recommenders.catalogue import Texts
from experiments.learning.team_draft import Team, team_draft
from mlopspro.serving.lists import Ranking, UserList, list_from, ranking_of
from mlopspro.serving.live import Variant
from mlopspro.serving.versions import Recommender

SPARE = 50
"""Items that a version ranks beyond the list, for those that the other picked or knows as seen. Where they do not
suffice the other version fills the list up, for neither team."""
LETTERS: dict[Team, str] = {"first": "1", "second": "2", "both": "b"}


@dataclass(frozen=True)
class Mixed:
    """``teams``: a letter an item, 1 of the champion, 2 of the version, b of neither."""

    found: UserList
    teams: str


@dataclass
class _Side:
    """One of the two. ``places``: of the items that were read so far, where they stand in its ranking."""

    model: Recommender
    ranking: Ranking
    places: dict[str, int] = field(default_factory=dict)

    def unseen_by(self, other: _Side) -> Iterator[str]:
        ids, theirs = self.model.catalogue.item_ids, other.model.catalogue
        seen = frozenset(theirs.seen(other.ranking.user).tolist()) if other.ranking.user is not None else frozenset()
        for place, code in enumerate(self.ranking.codes.tolist()):
            item = ids[code]
            self.places[item] = place
            if not seen or _code(theirs.item_ids, item, code) not in seen:
                yield item

    def listed(self, items: list[str], explain: bool) -> UserList:
        return list_from(self.model, self.ranking.at([self.places[one] for one in items]), explain=explain)


def mixed_list(
    champion: Recommender, version: Recommender, user: str, n: int, *, seed: str, explain: bool = False
) -> Mixed:
    """The user's ``n`` items of both. Raises what a model that cannot rank raises."""
    first, second = (_Side(model, ranking_of(model, user, n + SPARE)) for model in (champion, version))
    drafted = team_draft(first.unseen_by(second), second.unseen_by(first), n, seed)
    owners = [
        first if team == "first" or (team == "both" and item in first.places) else second
        for item, team in zip(drafted.items, drafted.teams, strict=True)
    ]
    lists = [
        side.listed([item for item, owner in zip(drafted.items, owners, strict=True) if owner is side], explain)
        for side in (first, second)
    ]
    leads = bool(owners) and owners[0] is second
    return Mixed(_merged(lists, drafted.items, leads), "".join(LETTERS[one] for one in drafted.teams))


def seed_of(variant: Variant, user: str, at: dt.datetime) -> str:
    """The same for a user and a version, or the salt of a trial, for a day in UTC."""
    return f"{variant.salt or variant.version.id}:{user}:{at.astimezone(dt.UTC):%Y-%m-%d}"


def _merged(lists: list[UserList], order: tuple[str, ...], second_leads: bool) -> UserList:
    """In the order of the draft. What is known of the user is what the second version knows, whose answer it is."""
    first, second = lists
    items = {one.item: one for found in lists for one in found.items}
    leading = second if second_leads else first
    return UserList(
        items=tuple(items[one] for one in order),
        known=first.known or second.known,
        fallback=first.fallback and second.fallback,
        history=second.history,
        confidence=leading.confidence,
        no_reasons=" ".join(dict.fromkeys(one.no_reasons for one in lists if one.no_reasons)),
    )


def _code(ids: Texts, item: str, guess: int) -> int | None:
    """The item's code in the other catalogue: as a rule the same, as versions learn from much the same items."""
    return guess if guess < len(ids) and ids[guess] == item else ids.find(item)
