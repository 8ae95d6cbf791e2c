"""Fits one peer and writes its scores; run by zoo.py in the peer's own environment, so it imports nothing of ours.

python zoo_peers.py MODEL TRAIN.npz SCORES.npz SEED
"""

import os
import sys
import time
from importlib.metadata import version

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np
import scipy.sparse as sp

THREADS = 2
LIKED = 4.0
"""implicit learns from ratings of at least this, which its grid on a validation cut chose."""


def implicit_model(key, seed):
    from implicit.als import AlternatingLeastSquares
    from implicit.bpr import BayesianPersonalizedRanking
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender

    return {
        "implicit_als": lambda: AlternatingLeastSquares(
            factors=64, regularization=10.0, alpha=1.0, iterations=15, random_state=seed, num_threads=THREADS
        ),
        "implicit_bpr": lambda: BayesianPersonalizedRanking(
            factors=32, learning_rate=0.02, regularization=0.01, iterations=150, random_state=seed, num_threads=THREADS
        ),
        "implicit_cosine": lambda: CosineRecommender(K=200, num_threads=THREADS),
        "implicit_bm25": lambda: BM25Recommender(K=200, B=0.2, num_threads=THREADS),
    }[key]()


def of_implicit(key, user, item, value, shape, seed):
    liked = value >= LIKED
    model = implicit_model(key, seed)
    matrix = sp.csr_matrix((np.ones(liked.sum(), np.float32), (user[liked], item[liked])), shape=shape)
    started = time.perf_counter()
    model.fit(matrix, show_progress=False)
    fitted = time.perf_counter()
    if hasattr(model, "user_factors"):
        scores = np.asarray(model.user_factors)[: shape[0]] @ np.asarray(model.item_factors)[: shape[1]].T
    else:
        scores = np.asarray((matrix @ model.similarity).todense())
    return scores, fitted - started, time.perf_counter() - fitted


def of_lenskit(key, user, item, value, shape, seed):
    import pandas as pd
    from lenskit.algorithms import Recommender
    from lenskit.algorithms.als import ImplicitMF
    from lenskit.algorithms.item_knn import ItemItem

    frame = pd.DataFrame({"user": user, "item": item, "rating": value.astype(float)})
    made = {
        "lenskit_als": lambda: ImplicitMF(50, rng_spec=seed),
        "lenskit_item_knn": lambda: ItemItem(50, feedback="implicit"),
    }
    model = Recommender.adapt(made[key]())
    started = time.perf_counter()
    model.fit(frame)
    fitted = time.perf_counter()
    items = np.arange(shape[1])
    scores = np.full(shape, -np.inf)
    for code in range(shape[0]):
        scores[code] = model.predictor.predict_for_user(code, items).reindex(items).to_numpy()
    scores = np.nan_to_num(scores, nan=-1e9, neginf=-1e9)
    return scores, fitted - started, time.perf_counter() - fitted


def main():
    key, part, answer, seed = sys.argv[1:]
    with np.load(part) as given:
        data = given["user"], given["item"], given["value"], tuple(given["shape"].tolist())
    library = key.split("_")[0]
    scores, fit, score = (of_implicit if library == "implicit" else of_lenskit)(key, *data, int(seed))
    np.savez(answer, scores=scores.astype(np.float32), fit=fit, score=score, version=version(library))


if __name__ == "__main__":
    main()
