"""The definitions of decision D2 written a second time, as slow and plain as possible: loops, sets, Python floats.

Nothing here uses the product's code, so agreement is evidence.
"""

from __future__ import annotations

from math import log2, sqrt


def ranked(scores, candidates):
    """Candidates by score, highest first, equal scores by code."""
    return sorted(candidates, key=lambda item: (-float(scores[item]), item))


def values_of_list(items, relevant, k):
    """The six ranking metrics of one list."""
    top = items[:k]
    hits = [item in relevant for item in top]
    ideal = sum(1 / log2(place + 2) for place in range(min(k, len(relevant))))
    gained = sum(1 / log2(place + 2) for place, hit in enumerate(hits) if hit)
    precisions = [sum(hits[: place + 1]) / (place + 1) for place, hit in enumerate(hits) if hit]
    return {
        "precision": sum(hits) / k,
        "recall": sum(hits) / len(relevant),
        "ndcg": gained / ideal,
        "map": sum(precisions) / len(relevant),
        "mrr": next((1 / (place + 1) for place, hit in enumerate(hits) if hit), 0.0),
        "hit_rate": 1.0 if any(hits) else 0.0,
    }


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else None


def f1(precision, recall):
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def catalogue_lists(scene, relevant_value=4.0, scores=None):
    """Per counted user: (ranked candidates, relevant candidates)."""
    scores = scene.scores if scores is None else scores
    seen = {(user, item) for user, item, _ in (*scene.train, *scene.validation)}
    lists = {}
    for user in sorted({user for user, _, _ in scene.test}):
        candidates = [item for item in range(scene.num_items) if (user, item) not in seen]
        relevant = {item for who, item, value in scene.test if who == user and value >= relevant_value}
        relevant &= set(candidates)
        if relevant:
            lists[user] = (ranked(scores[user], candidates), relevant)
    return lists


def catalogue(scene, ks, relevant_value=4.0, scores=None):
    """Means over counted users, F1 of means, coverage: {wire name: value}."""
    lists = catalogue_lists(scene, relevant_value, scores)
    found = {}
    for k in ks:
        each = [values_of_list(items, relevant, k) for items, relevant in lists.values()]
        for key in ("precision", "recall", "ndcg", "map", "mrr", "hit_rate"):
            found[f"{key}_at_{k}"] = mean(value[key] for value in each)
        if each:
            found[f"f1_at_{k}"] = f1(found[f"precision_at_{k}"], found[f"recall_at_{k}"])
            shown = {item for items, _ in lists.values() for item in items[:k]}
            found[f"coverage_at_{k}"] = len(shown) / scene.num_items
        else:
            found[f"f1_at_{k}"] = found[f"coverage_at_{k}"] = None
    return found


def cosine(first, second):
    return len(first & second) / sqrt(len(first) * len(second)) if first and second else 0.0


def beyond_accuracy(scene, k, scores=None):
    """Novelty, popularity bias and diversity at k, from the sets of training users."""
    users_of = [{user for user, item, _ in scene.train if item == code} for code in range(scene.num_items)]
    people = len({user for user, _, _ in scene.train})
    novelty, bias, diversity = [], [], []
    for items, _ in catalogue_lists(scene, scores=scores).values():
        top = items[:k]
        novelty.append(mean(-log2(max(len(users_of[item]), 1) / max(people, 1)) for item in top))
        bias.append(mean(len(users_of[item]) / max(people, 1) for item in top))
        if len(top) > 1:
            pairs = [(a, b) for place, a in enumerate(top) for b in top[place + 1 :]]
            diversity.append(mean(1 - cosine(users_of[a], users_of[b]) for a, b in pairs))
    return {
        f"novelty_at_{k}": mean(novelty),
        f"popularity_bias_at_{k}": mean(bias),
        f"diversity_at_{k}": mean(diversity),
    }


def precision_recall_at_k(predictions, k=10, threshold=3.5, cut=None):
    """Surprise's FAQ, "How to compute precision@k and recall@k", re-derived from its text.

    An item is relevant if its true rating reaches the threshold, and recommended if its estimated rating reaches it
    (here: reaches the cut) and it is among the k highest estimated ratings. Precision and recall of a user are 0
    where nothing is recommended or relevant.

    ``predictions`` are (user, item, true rating, estimated rating).
    """
    cut = threshold if cut is None else cut
    users = sorted({row[0] for row in predictions})
    precisions, recalls = {}, {}
    for user in users:
        mine = sorted((row for row in predictions if row[0] == user), key=lambda row: (-row[3], row[1]))
        relevant = sum(true >= threshold for _, _, true, _ in mine)
        recommended = sum(estimate >= cut for *_, estimate in mine[:k])
        both = sum(true >= threshold and estimate >= cut for _, _, true, estimate in mine[:k])
        precisions[user] = both / recommended if recommended else 0
        recalls[user] = both / relevant if relevant else 0
    return precisions, recalls
