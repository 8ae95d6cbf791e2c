"""Time and quality of every recommender beside implicit and LensKit on MovieLens 100k, in one run on one machine.

    python -m benchmarks.zoo [--only ease,implicit_als] [--protocol per_item] [--without-peers] [--seed 42]

Both protocols of ranking_quality.py: the same parts, the same scores-to-lists and the same judge for all, so figures
and seconds stand side by side. Peers run in a virtual environment of their own, made with pip where there is none
(``--peers`` names its folder); they are handed the training part as a file and hand back scores of all users and items.
Their settings are those a grid on a validation cut of the per-user protocol chose (implicit; of BPR factors and passes
alone), or defaults (LensKit). Fit is what the library
takes to fit, evaluate the rest to the figure: scores of all users and items, lists and nDCG@10. One JSON line a model.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.ranking_quality import PROTOCOLS, SEED, divided, measure
from benchmarks.ratings import movielens_100k
from experiments.learning.data.folds import folds
from experiments.learning.metrics.evaluate import EvaluationSettings, evaluate
from experiments.learning.recommenders.registry import ARCHITECTURES

HERE = Path(__file__).resolve().parent
PEERS = ("implicit_als", "implicit_bpr", "implicit_cosine", "implicit_bm25", "lenskit_item_knn", "lenskit_als")
BOUND_SECONDS, SEQUENCE_BOUND_SECONDS = 60, 300
"""What fit and evaluation may take together (issue 5)."""
REQUIREMENTS = {"implicit": ["implicit"], "lenskit": ["lenskit<2025"]}


class Scores:
    """What a peer answered, as a scorer: one row a user."""

    def __init__(self, scores: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        self.scores = scores
        self.num_users, self.num_items = scores.shape

    def score_block(self, users: Any) -> Any:
        return self.scores[users].copy()

    def score_pairs(self, users: Any, items: Any) -> Any:
        return self.scores[users, items]

    def arrays(self) -> dict[str, Any]:
        return {"scores": self.scores}

    def config(self) -> dict[str, Any]:
        return {"kind": "scores"}


def python_of(folder: Path, library: str) -> Path:
    """The interpreter of the library's own environment, which is made where there is none."""
    place = folder / library
    python = place / "bin" / "python"
    if not (place / ".ready").exists():
        subprocess.check_call([sys.executable, "-m", "venv", str(place)])
        subprocess.check_call([str(python), "-m", "pip", "install", "-q", *REQUIREMENTS[library]], stdout=sys.stderr)
        (place / ".ready").touch()
    return python


def peer(key: str, name: str, folder: Path, seed: int) -> dict[str, Any]:
    """Figures of a peer; {"failed": why} where it cannot be installed or does not run here."""
    data, split = movielens_100k(), divided(name, "test")
    with tempfile.TemporaryDirectory() as place:
        part, answer = Path(place) / "train.npz", Path(place) / "scores.npz"
        np.savez(part, user=data.user[split.train], item=data.item[split.train], value=data.value[split.train],
                 shape=np.array([data.num_users, data.num_items]))  # fmt: skip
        try:
            python = python_of(folder, key.split("_")[0])
            asked = [str(python), str(HERE / "zoo_peers.py"), key, str(part), str(answer), str(seed)]
            subprocess.run(asked, check=True, capture_output=True, text=True, timeout=600)
        except subprocess.SubprocessError as error:
            return {"failed": (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1][:200]}
        with np.load(answer) as found:
            scores, fit_seconds, score_seconds = found["scores"], float(found["fit"]), float(found["score"])
            version = str(found["version"])
    started = time.perf_counter()
    train, validation, test = folds(data, split)
    judged = evaluate(
        Scores(scores),
        train=train,
        validation=validation,
        test=test,
        num_items=data.num_items,
        feedback=data.feedback,
        scale=data.scale,
        predicts_ratings=False,
        settings=EvaluationSettings(relevant_from=PROTOCOLS[name].relevant_from),
    )
    [ndcg] = [each.value for each in judged.metrics if (each.name, each.segment) == ("ndcg_at_10", "all")]
    return {
        "version": version,
        "ndcg_at_10": round(ndcg or 0.0, 4),
        "fit_seconds": round(fit_seconds, 2),
        "evaluate_seconds": round(score_seconds + time.perf_counter() - started, 2),
    }


def ours(key: str, name: str, seed: int) -> dict[str, Any]:
    changes = {"objective": "joint"} if key == "hybrid_joint" else {}
    figures = measure("hybrid" if key == "hybrid_joint" else key, name, "test", changes, seed=seed)
    bound = SEQUENCE_BOUND_SECONDS if ARCHITECTURES.get(key) and ARCHITECTURES[key].needs_timestamps else BOUND_SECONDS
    taken = figures["fit_seconds"] + figures["evaluate_seconds"]
    return {**figures, "within_bound": taken <= bound, "bound_seconds": bound}


def main() -> None:
    everything = [*ARCHITECTURES, "hybrid_joint"]
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--only", default=",".join([*everything, *(f"peer:{key}" for key in PEERS)]))
    arguments.add_argument("--protocol", default=",".join(PROTOCOLS))
    arguments.add_argument("--without-peers", action="store_true")
    arguments.add_argument("--peers", type=Path, default=Path(tempfile.gettempdir()) / "mlopspro-peers")
    arguments.add_argument("--seed", type=int, default=SEED)
    given = arguments.parse_args()
    for key in given.only.split(","):
        is_peer = key.startswith("peer:")
        if is_peer and given.without_peers:
            continue
        for name in given.protocol.split(","):
            figures = (
                peer(key.removeprefix("peer:"), name, given.peers, given.seed)
                if is_peer
                else (ours(key, name, given.seed))
            )
            print(json.dumps({"benchmark": "zoo", "model": key, "protocol": name, **figures}), flush=True)


if __name__ == "__main__":
    main()
