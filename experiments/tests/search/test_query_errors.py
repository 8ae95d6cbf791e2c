"""A query that cannot be read says what is wrong, where, and what is accepted."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import metric_words
from experiments.models import MetricValue, ParameterValue
from experiments.query import Expression, QueryError, parse
from experiments.selectors import history
from experiments.selectors.history import HistoryQuery
from experiments.tests.factories import make_experiment, make_workspace
from experiments.tests.search.texts import queries


@pytest.mark.parametrize(
    ("text", "said", "marked"),
    [
        ("statu = failed", "did you mean status?", "statu"),
        ("status = complted", "did you mean completed?", "complted"),
        ("f1_score > 0.5", "did you mean metrics.f1_score or params.f1_score?", "f1_score"),
        ("metrics.f1 > high", "metrics.f1 is a number", "high"),
        ("metrics.f1 > -inf", "0.5 or 1e-3", "-inf"),
        ("metrics.f1 > nan", "is a number", "nan"),
        ("metrics.f1 > 1e999", "is a number", "1e999"),
        ("metrics.f1 ~ 3", "compares text", "~"),
        ("name > a", "use = != ~ !~ LIKE or IN", ">"),
        ("metrics. > 3", "A name is missing", "metrics."),
        ("metrics.f1 >", "After > comes a value", ""),
        ("metrics.f1 > and", "After > comes a value", "and"),
        ("> 3", "A field is missing before >", ">"),
        ("a or", "ends where a condition is expected", ""),
        ("and b", "stands where a condition is expected", "and"),
        ("(a", "not closed", "("),
        ("a)", "closes none", ")"),
        ("name = 'x", "not closed", "'x"),
        ("name in a", "list in parentheses", "a"),
        ("name in (a", "list after IN is not closed", "("),
        ("name is a", "NULL or NOT NULL", "a"),
        ("a ! b", "comparisons are", "!"),
        ("created_at > soon", '"2026-11-01"', "soon"),
        ("created_at > 2026-13-01", "is a date", "2026-13-01"),
        ("created_at > 2026-11-01 25:00", "is a date", "2026-11-01 25:00"),
        ("duration > long", '"1 m 12 s"', "long"),
        ("seed = x", "seed is a number", "x"),
        ("id = 7", "not the id of a run", "7"),
        ("a \0 b", "no text can contain", "\0"),
        ("a \ud800", "no text can contain", "\ud800"),
    ],
)
def test_the_message_says_what_and_the_place_is_marked(text, said, marked):
    with pytest.raises(QueryError) as caught:
        parse(text)
    error = caught.value
    assert said in error.message
    assert text[error.position : error.position + error.length].rstrip() == marked or (not marked and error.length <= 1)


@pytest.mark.parametrize("text", ["(" * 10_240, "(" * 2000, "not " * 400, "((" * 200 + "a" + "))" * 200, "x" * 2001])
def test_too_long_and_too_deep_are_refused_in_words(text):
    with pytest.raises(QueryError, match=r"characters long|levels deep"):
        parse(text)


def test_too_many_conditions_are_refused_in_words():
    with pytest.raises(QueryError, match="more than 50 conditions"):
        parse(" ".join("a" * 51))


alphabet = st.one_of(st.sampled_from(list("()=!<>~,.'\"`%_\\-0123456789 \t\nabe&|")), st.characters())
words = st.sampled_from(
    ["and", "or", "NOT", "in", "is", "null", "like", "metrics.", "params.x", "tags", "created_at", "7 days ago"]
)
noise = st.lists(st.one_of(alphabet, words, st.sampled_from(["(", ")", " = ", " > ", '"', "1e9"])), max_size=60)


def refusal(text: str) -> QueryError | None:
    """None where the text is read; anything but a QueryError is a failure."""
    try:
        assert isinstance(parse(text), Expression)
    except QueryError as error:
        return error
    return None


@settings(max_examples=400, deadline=None)
@given(pieces=noise)
def test_any_text_is_read_or_refused(pieces):
    text = "".join(pieces)
    error = refusal(text)
    assert error is None or (error.message and 0 <= error.position <= len(text) and error.length >= 0)


@settings(max_examples=150, deadline=None)
@given(text=queries)
def test_valid_queries_are_read(text):
    assert isinstance(parse(text), Expression)


@settings(max_examples=150, deadline=None)
@given(text=queries, place=st.integers(0, 200), inserted=st.sampled_from([*"()'\"`,=!<>~\0 ", " and ", " or "]))
def test_damaged_queries_are_read_or_refused(text, place, inserted):
    error = refusal(text[:place] + inserted + text[place:])
    assert error is None or error.message


# --- Names that only the workspace knows -------------------------------------------------------------------------
@pytest.fixture
def workspace(db):
    workspace = make_workspace()
    run = make_experiment(workspace)
    for protocol, name in (("rated", "f1_at_10"), ("catalogue", "ndcg_at_10"), ("logged", "val_loss")):
        MetricValue.objects.create(workspace=workspace, experiment=run, protocol=protocol, name=name, value=0.5)
    ParameterValue.objects.create(workspace=workspace, experiment=run, name="learning_rate", text="0.001", number=0.001)
    return workspace


@pytest.mark.parametrize(
    ("text", "suggestion"),
    [
        ("metrics.f1_scor > 0.5", "metrics.f1_score"),
        ("metrics.vall_loss > 0.5", "metrics.val_loss"),
        ("metrics.logged.val_los > 0.5", "metrics.logged.val_loss"),
        ("params.learning_rat = 1", "params.learning_rate"),
        ("metrics.qqqqqq = 1", ""),
    ],
)
def test_names_that_no_run_has_are_refused_with_the_nearest(workspace, text, suggestion):
    page = history.page(workspace, HistoryQuery(text=text))
    assert page.runs == []
    assert page.error is not None
    assert page.error.suggestion == suggestion
    assert text[page.error.position : page.error.position + page.error.length] == text.split()[0]


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("metrics.f1_score > 0", "metrics.f1_score is read as Rated F1@10"),
        ("metrics.ndcg_at_10 > 0", "metrics.ndcg_at_10 is read as Catalogue NDCG@10"),
        ("metrics.val_loss > 0", f"metrics.val_loss is read as {metric_words.protocol_label('logged')} val_loss"),
    ],
)
def test_a_metric_without_protocol_says_which_one_it_is_read_as(workspace, text, note):
    page = history.page(workspace, HistoryQuery(text=text))
    assert page.error is None
    assert len(page.runs) == 1
    assert page.notes == (note,)


def test_a_workspace_without_runs_can_be_asked(db):
    page = history.page(make_workspace("empty"), HistoryQuery(text="metrics.f1_score > 0.5 and params.rate = 1"))
    assert (page.runs, page.error, page.count) == ([], None, 0)
