"""How well a retraining's gate tells better from worse when its holdout is what the champion showed.

    .venv/bin/python -m benchmarks.retraining_gate [--data FOLDER] [--seeds 1,2,3]

MovieLens 100k: a champion learns from 35 % of the ratings; a third of the rest is hidden and is the truth; of the rest
people rate what they are shown and know, and pass over half of what they do not. Candidates learn from the old ratings
and the first 80 % of the feedback. For each of them one line: mean difference of NDCG@10 to the champion, a user each,
with half of its 95 % interval, (1) on the hidden ratings, (2) on the last feedback among the whole catalogue, (3) on it
among judged items, as the gate asks (docs/retraining.md).
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from retraining.trial.judged_lists import K, both_kinds, ndcg_each

REQUESTS = 8_000
LIKED = 4
SKIPS = 0.5
KNOWN = 0.35
Scores = Any
Model = Callable[[Any], Scores]


@dataclass(frozen=True)
class World:
    """``old`` and ``early``: rows of user, item, rating that were learnt from; ``truth``: hidden rows; ``judged``: the
    last feedback, a row a pair of user, item and whether it was liked."""

    users: int
    items: int
    old: Any
    early: Any
    truth: Any
    judged: Any
    champion: Scores


def ease(penalty: float, users: int, items: int) -> Model:
    def fitted(rows: Any) -> Scores:
        liked = rows[rows[:, 2] >= LIKED]
        seen = sparse.csr_matrix((np.ones(len(liked)), (liked[:, 0], liked[:, 1])), shape=(users, items))
        gram = (seen.T @ seen).toarray()
        gram[np.diag_indices(items)] += penalty
        inverse = np.linalg.inv(gram)
        weights = inverse / -np.diag(inverse)[None, :]
        weights[np.diag_indices(items)] = 0
        return np.asarray(seen @ weights) - 1e6 * (np.asarray(seen.sum(0)).ravel() == 0)

    return fitted


def popular(users: int, items: int) -> Model:
    def fitted(rows: Any) -> Scores:
        return np.tile(np.bincount(rows[rows[:, 2] >= LIKED, 1], minlength=items).astype(float), (users, 1))

    return fitted


def noisy(model: Model, seed: int = 5) -> Model:
    def fitted(rows: Any) -> Scores:
        found = model(rows)
        return found + np.random.default_rng(seed).normal(0, 0.15, found.shape)

    return fitted


def lived(data: Any, seed: int, champion: Model, users: int, items: int) -> World:
    """People come, are shown the champion's ten best of what they have not rated, and say what they know."""
    random = np.random.default_rng(seed)
    rows = data[random.permutation(len(data))]
    known = int(KNOWN * len(rows))
    old, rest = rows[:known], rows[known:]
    truth, live = rest[: len(rest) // 3], rest[len(rest) // 3 :]
    scores = champion(old)
    shown = best(scores, old)
    opinions = {(user, item): rating for user, item, rating in live}
    each, counts = np.unique(live[:, 0], return_counts=True)
    said: dict[tuple[int, int], tuple[int, int]] = {}
    passed: dict[tuple[int, int], int] = {}
    for turn in range(REQUESTS):
        user = int(random.choice(each, p=counts / counts.sum()))
        for item in shown[user]:
            rating = opinions.get((user, int(item)))
            if rating is not None:
                said[user, int(item)] = (rating, turn)
            elif random.random() < SKIPS:
                passed[user, int(item)] = turn
    order = sorted(said.items(), key=lambda one: one[1][1])
    cut = int(0.8 * len(order))
    since = order[cut][1][1]
    early = np.array([(user, item, rating) for (user, item), (rating, _) in order[:cut]])
    judged = [(user, item, rating >= LIKED) for (user, item), (rating, _) in order[cut:]]
    judged += [(user, item, False) for (user, item), turn in passed.items() if turn >= since]
    return World(users, items, old, early, truth, np.array(judged), scores)


def best(scores: Scores, seen: Any) -> Any:
    open_ones = scores.copy()
    open_ones[seen[:, 0], seen[:, 1]] = -np.inf
    return np.argsort(-open_ones, axis=1, kind="stable")[:, :K]


def in_catalogue(world: World, scores: Scores, wanted: Any) -> dict[int, float]:
    """NDCG@10 of each user's list over the catalogue without what was learnt from."""
    lists = best(scores, np.vstack([world.old, world.early]))
    discounts = 1 / np.log2(np.arange(2, K + 2))
    of_users: dict[int, set[int]] = {}
    for user, item in wanted:
        of_users.setdefault(int(user), set()).add(int(item))
    return {
        user: float((np.isin(lists[user], list(liked)) * discounts).sum() / discounts[: min(K, len(liked))].sum())
        for user, liked in of_users.items()
    }


def among_judged(world: World, scores: Scores) -> dict[int, float]:
    user, item, liked = world.judged[:, 0], world.judged[:, 1], world.judged[:, 2].astype(bool)
    kept = both_kinds(user, liked)
    users, values = ndcg_each(user[kept], item[kept], liked[kept], scores[user[kept], item[kept]])
    return dict(zip(users.tolist(), values.tolist(), strict=True))


def difference(theirs: dict[int, float], ours: dict[int, float]) -> dict[str, Any]:
    pairs = np.array([ours[user] - theirs[user] for user in sorted(set(ours) & set(theirs))])
    half = 1.96 * pairs.std() / np.sqrt(len(pairs))
    return {"mean": round(float(pairs.mean()), 4), "half": round(float(half), 4), "users": len(pairs)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=None)
    parser.add_argument("--seeds", default="1,2,3")
    asked = parser.parse_args()
    root = Path(os.environ.get("MLOPSPRO_SAMPLE_DATA", Path(__file__).parents[2] / "shared" / "data"))
    data = np.loadtxt((asked.data or root / "ml-100k") / "u.data", dtype=int)[:, :3] - np.array([1, 1, 0])
    users, items = int(data[:, 0].max()) + 1, int(data[:, 1].max()) + 1
    champions = {"EASE": ease(300.0, users, items), "popularity": popular(users, items)}
    candidates = {
        "EASE": champions["EASE"],
        "EASE, penalty 3000": ease(3000.0, users, items),
        "EASE with noise": noisy(champions["EASE"]),
        "popularity": champions["popularity"],
    }
    for name, champion in champions.items():
        for seed in (int(one) for one in asked.seeds.split(",")):
            world = lived(data, seed, champion, users, items)
            learnt = np.vstack([world.old, world.early])
            hidden = world.truth[world.truth[:, 2] >= LIKED][:, :2]
            liked = world.judged[world.judged[:, 2] == 1][:, :2]
            for candidate, model in candidates.items():
                scores = model(learnt)
                told = {
                    "truth": difference(*(in_catalogue(world, one, hidden) for one in (world.champion, scores))),
                    "catalogue": difference(*(in_catalogue(world, one, liked) for one in (world.champion, scores))),
                    "judged": difference(*(among_judged(world, one) for one in (world.champion, scores))),
                }
                line = {"benchmark": "retraining_gate", "champion": name, "seed": seed, "candidate": candidate, **told}
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
