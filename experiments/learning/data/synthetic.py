"""Ratings made up so that there is something to learn: tastes, genres, a long tail, opinions and noise (F15, F16).

The generative process, in words (docs/synthetic-data.md gives the reasons and the measured figures):

1. Items. Each has one to three of twelve genres, a year, a quality b_i ~ N(0, 1), four hidden traits q_i ~ N(0, 1),
   and an appeal a_i = -log(rank) / 1.4 + 0.25 b_i: a long tail in which good items tend to be known.
2. Users. Each has an age group, a country, a mildness b_u ~ N(0, 1), hidden traits p_u ~ N(0, 1), and a taste for each
   genre, t_u = 0.8 x the taste of the age group + 0.6 x one's own, both ~ N(0, 1), centred over genres.
3. Choice. User u rates n_u items, n_u log-normal with a least number, drawn without replacement with weights
   exp(a_i + 0.5 x affinity) by the Gumbel top-k method; affinity is the sum of t_u over the item's genres, divided by
   the square root of their number.
4. Rating. s = level + mildness b_u + quality b_i + taste x affinity + traits p_u.q_i / 2 + noise, with the weights of
   ``Strengths``; the rating is s rounded to a whole star and kept within 1 to 5.
5. Time. A user joins at some time in the eighteen months, comes back in sessions, and rates every minute or so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.learning.data.errors import DatasetError
from experiments.learning.data.interactions import Interactions
from experiments.learning.data.synthetic_words import AGE_GROUPS, COUNTRIES, GENRES, make_titles

START = 1_672_531_200
"""2023-01-01T00:00:00Z; fixed, so that the same seed gives the same data for ever."""
DAYS = 546
LEAST_RATINGS = 20
MAX_CELLS = 50_000_000
SCALE = (1.0, 5.0)


@dataclass(frozen=True)
class Strengths:
    """How much each influence moves a rating, in stars (standard deviations)."""

    level: float = 3.1
    mildness: float = 0.7
    quality: float = 0.6
    taste: float = 1.15
    traits: float = 0.2
    noise: float = 0.3


def generate(
    seed: int = 0,
    users: int = 1_000,
    items: int = 500,
    interactions: int = 50_000,
    strengths: Strengths | None = None,
) -> Interactions:
    """MovieLens-like explicit ratings, 1 to 5 stars, with times, titles, genres and user features.

    The same arguments give the same data. Every user and every item occurs, and no pair twice.

    Raises:
        DatasetError: a number is too small, or there are more interactions than (user, item) pairs.
    """
    _check(users, items, interactions)
    random = np.random.default_rng(seed)
    strengths = strengths or Strengths()
    catalogue, people = _Items.draw(random, items), _Users.draw(random, users)
    affinity = people.taste @ catalogue.genre_weights().T
    chosen = _choose(random, catalogue.appeal + 0.5 * affinity, _activity(random, users, items, interactions))
    user, item = np.nonzero(chosen)
    score = (
        strengths.level
        + strengths.mildness * people.mildness[user]
        + strengths.quality * catalogue.quality[item]
        + strengths.taste * affinity[user, item]
        + strengths.traits * np.einsum("nd,nd->n", people.traits[user], catalogue.traits[item]) / 2
        + strengths.noise * random.standard_normal(len(user))
    )
    return Interactions(
        user=user.astype(np.int32),
        item=item.astype(np.int32),
        value=np.clip(np.rint(score), *SCALE).astype(np.float32),
        timestamp=_times(random, user, users),
        part=None,
        user_ids=_names("u", users),
        item_ids=_names("i", items),
        feedback="explicit",
        scale=SCALE,
        users=people.frame(),
        items=catalogue.frame(random),
    )


@dataclass(frozen=True)
class Nature:
    """What ``generate`` draws its ratings from and tells nobody: who likes what, and how well known it is.

    Attributes:
        affinity: (users, items): sum of a user's tastes over an item's genres, divided by the root of their number.
        quality, appeal: (items,): how good each item is, and how well known.
    """

    affinity: NDArray[np.float64]
    quality: NDArray[np.float64]
    appeal: NDArray[np.float64]


def nature(seed: int, users: int, items: int) -> Nature:
    """The truth behind ``generate(seed, users, items, …)``, in the order of its ids: for worlds that go on from it."""
    random = np.random.default_rng(seed)
    catalogue, people = _Items.draw(random, items), _Users.draw(random, users)
    return Nature(people.taste @ catalogue.genre_weights().T, catalogue.quality, catalogue.appeal)


@dataclass(frozen=True)
class _Items:
    genres: NDArray[np.bool_]
    year: NDArray[np.int64]
    quality: NDArray[np.float64]
    traits: NDArray[np.float64]
    appeal: NDArray[np.float64]

    @classmethod
    def draw(cls, random: np.random.Generator, count: int) -> _Items:
        wanted = random.choice([1, 2, 3], size=count, p=[0.4, 0.4, 0.2])
        # Genres are not equally frequent: drama is, westerns are not.
        keys = -0.15 * np.arange(len(GENRES)) + random.gumbel(size=(count, len(GENRES)))
        genres = np.argsort(np.argsort(-keys, axis=1), axis=1) < wanted[:, None]
        quality = random.standard_normal(count)
        rank = random.permutation(count) + 1
        return cls(
            genres=genres,
            year=2023 - np.minimum(random.exponential(14, count).astype(np.int64), 70),
            quality=quality,
            traits=random.standard_normal((count, 4)),
            appeal=-np.log(rank) / 1.4 + 0.25 * quality,
        )

    def genre_weights(self) -> NDArray[np.float64]:
        weights: NDArray[np.float64] = self.genres / np.sqrt(self.genres.sum(axis=1, keepdims=True))
        return weights

    def frame(self, random: np.random.Generator) -> pd.DataFrame:
        genres = [[name for name, has in zip(GENRES, row, strict=True) if has] for row in self.genres]
        return pd.DataFrame(
            {
                "genres": pd.Series(genres, dtype="object"),
                "title": pd.Series(make_titles(random, self.year), dtype="str"),
                "year": self.year.astype(np.float64),
            }
        )


@dataclass(frozen=True)
class _Users:
    age: NDArray[np.int64]
    country: NDArray[np.int64]
    mildness: NDArray[np.float64]
    traits: NDArray[np.float64]
    taste: NDArray[np.float64]

    @classmethod
    def draw(cls, random: np.random.Generator, count: int) -> _Users:
        age = random.choice(len(AGE_GROUPS), size=count, p=[0.2, 0.3, 0.22, 0.16, 0.12])
        share = 0.7 ** np.arange(len(COUNTRIES))
        of_group = random.standard_normal((len(AGE_GROUPS), len(GENRES)))
        taste = 0.8 * of_group[age] + 0.6 * random.standard_normal((count, len(GENRES)))
        return cls(
            age=age,
            country=random.choice(len(COUNTRIES), size=count, p=share / share.sum()),
            mildness=random.standard_normal(count),
            traits=random.standard_normal((count, 4)),
            taste=taste - taste.mean(axis=1, keepdims=True),
        )

    def frame(self) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "age group": pd.Series(np.array(AGE_GROUPS)[self.age].tolist(), dtype="str"),
                "country": pd.Series(np.array(COUNTRIES)[self.country].tolist(), dtype="str"),
            }
        )


def _activity(random: np.random.Generator, users: int, items: int, interactions: int) -> NDArray[np.int64]:
    """How many items each user rates: log-normal, at least a few, at most all, in sum exactly as asked."""
    least = min(LEAST_RATINGS, interactions // users)
    wish = random.lognormal(0, 0.6, users)
    shares = np.floor(wish / wish.sum() * (interactions - least * users)).astype(np.int64)
    counts: NDArray[np.int64] = np.minimum(least + shares, items)
    while (missing := interactions - counts.sum()) > 0:
        room = np.flatnonzero(counts < items)
        lucky = random.permutation(room)[:missing]
        counts[lucky] += 1
    return counts


def _choose(
    random: np.random.Generator, log_weight: NDArray[np.float64], counts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which items each user rates, (users, items): sampling without replacement by Gumbel top-k (Kool et al. 2019)."""
    keys = log_weight + random.gumbel(size=log_weight.shape)
    order = np.argsort(-keys, axis=1)
    chosen = np.zeros(keys.shape, bool)
    np.put_along_axis(chosen, order, np.arange(keys.shape[1])[None, :] < counts[:, None], axis=1)
    for item in np.flatnonzero(~chosen.any(axis=0)):
        # Nobody took it: whoever wanted it most takes it instead of the most popular item that person rated.
        totals = chosen.sum(axis=0)
        for user in np.argsort(-keys[:, item]):
            given_up = int(np.argmax(np.where(chosen[user], totals, 0)))
            if totals[given_up] > 1:
                chosen[user, given_up], chosen[user, item] = False, True
                break
    return chosen


def _times(random: np.random.Generator, user: NDArray[np.int64], users: int) -> NDArray[np.int64]:
    """Unix seconds: a day of joining, sessions on evenings after it, a minute or so between ratings."""
    joined = np.floor(random.random(users) ** 1.3 * (DAYS - 30))
    stay = np.minimum(random.exponential(120, users) + 5, DAYS - 1 - joined)
    session = np.floor(random.random(len(user)) * np.maximum(np.bincount(user, minlength=users)[user] / 9, 1))
    # The same user and session give the same evening: a hash into a table of random numbers.
    table = random.random(65_536)
    place = (user * 977 + session.astype(np.int64) * 131) % len(table)
    day = joined[user] + np.floor(table[place] * stay[user])
    evening = 17 * 3600 + np.floor(table[(place + 1) % len(table)] * 5 * 3600)
    offset = np.floor(random.random(len(user)) * 1_800)
    seconds: NDArray[np.int64] = (START + day * 86_400 + evening + offset).astype(np.int64)
    return seconds


def _names(prefix: str, count: int) -> NDArray[np.str_]:
    """Identifiers of one width, so that their order as text is their order as numbers."""
    width = len(str(count))
    return np.array([f"{prefix}{number:0{width}d}" for number in range(1, count + 1)], dtype=np.str_)


def _check(users: int, items: int, interactions: int) -> None:
    for name, number in (("users", users), ("items", items)):
        if number < 2:
            raise DatasetError(name, "are too few", value=number, accepted="2 or more")
    if users * items > MAX_CELLS:
        raise DatasetError("users x items", "is too much", value=f"{users * items:,}", accepted=f"up to {MAX_CELLS:,}")
    least, most = max(users, items), users * items
    if not least <= interactions <= most:
        raise DatasetError(
            "interactions",
            "do not fit the numbers of users and items",
            value=interactions,
            accepted=f"{least:,} to {most:,}",
        )
