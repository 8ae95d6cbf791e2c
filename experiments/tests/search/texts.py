"""Random queries that are valid, as text."""

from __future__ import annotations

from hypothesis import strategies as st

PIECES = ("hybrid", "Hybrid", "100%", "_", "%", "\\", "'", "ne", "ünï", "∑", "zz", "x", "run", "Hybrid one", "a\\b", "")


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


texts = st.sampled_from(PIECES).map(quoted)
numbers = st.sampled_from(["0", "0.5", "0.9", "-1", "1e-3", "0.001", "0.3", "1.1", "99", "2", "-0.3333333333333333"])
sizes = st.sampled_from(["=", "==", "!=", "<>", ">", ">=", "<", "<="])
same = st.sampled_from(["=", "!="])
textual = st.sampled_from(["~", "!~", "like", "NOT LIKE", "ilike", "not ilike", "=", "!="])
metrics = st.sampled_from(
    ["metrics.f1_score", "metrics.rated.f1_at_10", "metrics.catalogue.f1_at_10", "metric.rmse", 'metrics."val loss"']
)
numeric_attributes = st.sampled_from(["seed", "best_epoch", "attributes.total_parameters"])
text_attributes = st.sampled_from(["name", "dataset", "architecture", "model_type", "created_by", "notes"])
text_parameters = st.sampled_from(["params.optimizer", "params.learning_rate", "parameters.`odd name`"])
text_tags = st.sampled_from(["tags", "tags.team"])
everything = st.one_of(
    metrics,
    numeric_attributes,
    text_attributes,
    text_parameters,
    text_tags,
    st.sampled_from(["duration", "started_at"]),
)


def _joined(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map(" ".join)


def _listed(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=3).map(lambda found: f"({', '.join(found)})")


lists = st.sampled_from(["in", "NOT IN"])
values_of_choice = {
    "status": ["completed", "failed", "finished", "queued"],
    "run_type": ["train", "eval"],
    "origin": ["here", "mlflow"],
}
choices = st.sampled_from(sorted(values_of_choice)).flatmap(
    lambda name: _joined(st.just(name), same, st.sampled_from(values_of_choice[name]))
)
moments = st.sampled_from(
    ['"2026-11-18"', "2026-11-10 12:00", "7 days ago", '"3 d ago"', "today", "yesterday", "2026-11-20T11:00", "now"]
)
durations = st.sampled_from(["10 s", "1 m 0 s", '"20.5 s"', "30", "0.5 min"])
conditions = st.one_of(
    _joined(metrics, sizes, numbers),
    _joined(metrics, lists, _listed(numbers)),
    _joined(numeric_attributes, sizes, numbers),
    _joined(text_attributes, textual, texts),
    _joined(text_attributes, lists, _listed(texts)),
    _joined(st.sampled_from(["params.epochs", "params.learning_rate"]), sizes, numbers),
    _joined(text_parameters, textual, texts),
    _joined(text_parameters, lists, _listed(st.one_of(texts, numbers, st.just("adam"), st.just("auto")))),
    _joined(text_tags, textual, texts),
    _joined(text_tags, same, st.sampled_from(["nightly", "x", "Blue"])),
    _joined(text_tags, lists, _listed(texts)),
    choices,
    _joined(st.sampled_from(["created_at", "started_at", "end_time"]), sizes, moments),
    _joined(st.just("duration"), sizes, durations),
    _joined(everything, st.sampled_from(["IS NULL", "is not null"])),
    texts.filter(lambda text: text != '""'),
    st.sampled_from(["hybrid", "ials", "ne"]),
)
queries = st.recursive(
    conditions,
    lambda inner: st.one_of(
        _joined(inner, st.sampled_from(["and", "AND", "&&", ""]), inner),
        _joined(inner, st.sampled_from(["or", "OR", "||"]), inner),
        inner.map(lambda text: f"NOT ({text})"),
        inner.map(lambda text: f"({text})"),
    ),
    max_leaves=6,
)
