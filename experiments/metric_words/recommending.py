"""Words for the metrics of recommenders, and of figures logged elsewhere."""

from __future__ import annotations

LABELS = {
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1",
    "ndcg": "NDCG",
    "map": "MAP",
    "mrr": "MRR",
    "hit_rate": "Hit rate",
    "coverage": "Coverage",
    "novelty": "Novelty",
    "diversity": "Diversity",
    "popularity_bias": "Popularity bias",
    "rmse": "RMSE",
    "mae": "MAE",
}

DEFINITIONS = {
    "precision": "Share of the recommended items that are relevant, averaged over users.",
    "recall": "Share of a user's relevant items that are recommended, averaged over users.",
    "f1": "Harmonic mean of the averaged precision and recall: 2PR / (P + R).",
    "ndcg": "How near the top the relevant items stand: gain 1 for a hit, divided by log2 of its place + 1, "
    "as a share of the best possible order, averaged over users.",
    "map": "Mean over users of the average precision at the place of each relevant item.",
    "mrr": "Mean over users of 1 / place of the first relevant item.",
    "hit_rate": "Share of users with at least one relevant item in their list.",
    "coverage": "Share of all items that are in at least one user's list.",
    "novelty": "Mean self-information of the recommended items, in bits: rare items count more.",
    "diversity": "How much the lists of different items differ within a list; 1 is no likeness at all.",
    "popularity_bias": "Mean share of training users who have the recommended items; lower leans less on hits.",
    "rmse": "Root of the mean squared error of predicted ratings over all test ratings, in rating units.",
    "mae": "Mean absolute error of predicted ratings over all test ratings, in rating units.",
}

PROTOCOLS = {
    "rated": "Rated: each user's test items are ordered by predicted rating; those of the top k whose prediction "
    "reaches the cut are recommended. It flatters, so its lines include recommending everything.",
    "catalogue": "Catalogue: every item the user has not met in training is ranked; a test interaction is relevant.",
    "pointwise": "Pointwise: predicted against actual rating over all test ratings, clipped to the scale.",
    "validation": "Validation: measured as the test part is, on the validation part; a search chooses by it alone.",
    "logged": "As logged: somebody logged this to MLflow; on which data and by which protocol is not known here.",
}

SEGMENTS = {
    "all": "All users",
    "new_users": "New users",
    "light_users": "Light users",
    "medium_users": "Medium users",
    "heavy_users": "Heavy users",
    "head_items": "Head items",
    "tail_items": "Tail items",
}
SEGMENT_HELP = (
    "Users by their number of training interactions: new ones have few or none, the others are divided into thirds. "
    "Head items are the most popular ones that make up half of all training interactions; all others are the tail."
)
