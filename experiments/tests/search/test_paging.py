"""Pages follow each other without a gap or a repeat, whatever the order, the filter, and what happens between them."""

from __future__ import annotations

import base64
import json
import random

import pytest
from django.utils import timezone

from experiments.models import Experiment
from experiments.selectors import history
from experiments.selectors.history import HistoryQuery
from experiments.selectors.search import finding, rare
from experiments.tests.factories import make_experiment, make_workspace
from experiments.tests.search.scene import Told

SORTS = (
    *("name", "status", "created_at", "started_at", "duration", "dataset", "architecture", "created_by", "origin"),
    *("seed", "best_epoch", "metrics.rated.f1_at_10", "metrics.rmse", "metrics.logged.val loss"),
    *("params.learning_rate", "params.optimizer"),
)
STATUS_ORDER = ("draft", "queued", "running", "completed", "failed", "cancelled")


def walked(workspace, query: HistoryQuery, size: int = 5) -> list:
    """Ids of all runs, page by page; every page says the number of its first run, and how to come back."""
    found: list = []
    while True:
        page = history.page(workspace, query, size)
        assert page.error is None
        assert page.first_number == len(found) + 1
        back = history.page(workspace, _at(query, before=page.previous_cursor), size) if page.previous_cursor else None
        assert back is None or [run.pk for run in back.runs] == found[-size:]
        found += [run.pk for run in page.runs]
        if not page.next_cursor:
            return found
        query = _at(query, after=page.next_cursor)


def _at(query: HistoryQuery, after: str = "", before: str = "") -> HistoryQuery:
    return HistoryQuery(
        text=query.text, sort=query.sort, descending=query.descending, after=after, before=before, deleted=query.deleted
    )


def value_of(run: Told, sort: str):
    """What Python sorts by, None where a run has none."""
    if sort.startswith("params."):
        found = run.parameters.get(sort.removeprefix("params."))
        return None if found is None else (isinstance(found, str), found)
    if sort.startswith("metrics."):
        protocol, _, name = sort.removeprefix("metrics.").partition(".")
        return run.metrics.get((protocol, name) if name else ("pointwise", protocol))
    found = run.attributes[sort]
    return STATUS_ORDER.index(found) if sort == "status" else found


@pytest.mark.parametrize("descending", [True, False], ids=["down", "up"])
@pytest.mark.parametrize("sort", SORTS)
def test_every_order_is_complete_and_right(workspace, runs: list[Told], sort, descending):
    by_id = {run.pk: run for run in runs}
    found = [by_id[pk] for pk in walked(workspace, HistoryQuery(sort=sort, descending=descending))]
    assert len(found) == len(runs) == len({run.pk for run in found})
    values = [value_of(run, sort) for run in found]
    there = [value for value in values if value is not None]
    assert values == [*there, *[None] * (len(values) - len(there))], "runs without a value come last"
    if sort.startswith("params."):  # numbers first in both directions, then text
        numbers, texts = [one for one in there if not one[0]], [one for one in there if one[0]]
        assert there == sorted(numbers, reverse=descending) + sorted(texts, reverse=descending)
    else:
        assert there == sorted(there, reverse=descending)
    without = [run.attributes["created_at"] for run in found[len(there) :]]
    assert without == sorted(without, reverse=True)


@pytest.mark.parametrize("sort", ["metrics.rated.f1_at_10", "params.learning_rate", "dataset", "duration", "name"])
@pytest.mark.parametrize("text", ["", "hybrid or metrics.rmse > 1", "not tags = nightly"])
def test_all_ways_of_finding_give_one_order(workspace, runs, monkeypatch, sort, text):
    query = HistoryQuery(text=text, sort=sort)
    usual = walked(workspace, query)
    monkeypatch.setattr(rare, "FEW", 0)
    monkeypatch.setattr(finding, "FIRST_PIECE", 2)
    assert walked(workspace, query, size=3) == usual, "walking in small pieces"
    monkeypatch.setattr(finding, "MOST_WALKED", 2)
    assert walked(workspace, query, size=3) == usual, "giving a walk up"


def test_runs_that_arrive_or_vanish_neither_repeat_nor_hide_others(workspace, runs: list[Told]):
    query = HistoryQuery(sort="metrics.rated.f1_at_10")
    whole = walked(workspace, query)
    first = history.page(workspace, query, 10)
    last = first.runs[-1]
    newcomer = make_experiment(workspace, name="newcomer")
    Experiment.objects.filter(pk__in=[last.pk, whole[3], whole[12]]).update(deleted_at=timezone.now())
    second = history.page(workspace, _at(query, after=first.next_cursor), 10)
    seen = [run.pk for run in second.runs if run.pk != newcomer.pk]
    assert seen == [pk for pk in whole[10:] if pk != whole[12]][: len(seen)]


def test_going_back_to_a_short_beginning_gives_a_whole_first_page(workspace, runs: list[Told]):
    query = HistoryQuery(sort="name", descending=False)
    second = history.page(workspace, _at(query, after=history.page(workspace, query, 5).next_cursor), 5)
    Experiment.objects.filter(pk__in=walked(workspace, query)[:2]).update(deleted_at=timezone.now())
    back = history.page(workspace, _at(query, before=second.previous_cursor), 5)
    assert [run.pk for run in back.runs] == walked(workspace, query)[:5]
    assert (back.first_number, back.previous_cursor) == (1, "")


def test_a_cursor_of_another_order_gives_the_first_page_and_says_so(workspace, runs):
    cursor = history.page(workspace, HistoryQuery(sort="name"), 5).next_cursor
    page = history.page(workspace, HistoryQuery(sort="duration", after=cursor), 5)
    assert page.first_number == 1
    assert "first page" in page.notes[-1]


def test_broken_cursors_give_the_first_page(workspace, runs):
    query = HistoryQuery(sort="metrics.rated.f1_at_10")
    good = history.page(workspace, query, 5).next_cursor
    content = json.loads(base64.urlsafe_b64decode(good + "=="))
    broken = ["", "x", "%00", "é", "A" * 20_000, good[:-3], good + "A", base64.b64encode(b"[" * 5000).decode()]
    for place, values in enumerate(
        [["-name"], ["nowhere", 3, None], [["nan"], [], ["x"], [None], None], ["zz", 5, ""], [-1, 0, 10**12, "x", None]]
    ):
        for value in values:
            changed = [*content]
            changed[place] = value
            broken.append(base64.urlsafe_b64encode(json.dumps(changed).encode()).decode().rstrip("="))
    generator = random.Random(1)
    broken += ["".join(generator.choices(good, k=len(good))) for _ in range(20)]
    expected = [run.pk for run in history.page(workspace, query, 5).runs]
    for cursor in broken:
        page = history.page(workspace, _at(query, after=cursor), 5)
        assert [run.pk for run in page.runs] == expected, cursor[:60]
        assert bool(page.notes) == bool(cursor)


def test_counts_are_exact_for_few_and_bounded_for_many(workspace, runs: list[Told], monkeypatch):
    page = history.page(workspace, HistoryQuery(text="hybrid"), 5)
    assert (page.count, page.count_is_exact) == (sum("hybrid" in run.attributes["name"].lower() for run in runs), True)
    assert history.page(workspace, HistoryQuery(), 5).count == len(runs)
    monkeypatch.setattr("experiments.selectors.search.asking.COUNTED", 20)
    page = history.page(workspace, HistoryQuery(), 5)
    assert (page.count, page.count_is_exact) == (20, False)


def test_deleted_runs_are_a_list_of_their_own(workspace, runs: list[Told]):
    gone = {run.pk for run in runs[:7]}
    Experiment.objects.filter(pk__in=gone).update(deleted_at=timezone.now())
    assert set(walked(workspace, HistoryQuery(deleted=True, sort="metrics.rmse"))) == gone
    assert not gone & set(walked(workspace, HistoryQuery(sort="metrics.rmse")))


def test_another_workspace_has_nothing_of_it(workspace, runs):
    other = make_workspace("other")
    assert history.page(other, HistoryQuery(), 5).runs == []
    assert history.page(other, HistoryQuery(text="metrics.f1_score >= 0 or hybrid"), 5).count == 0
    cursor = history.page(workspace, HistoryQuery(), 5).next_cursor
    assert history.page(other, HistoryQuery(after=cursor), 5).runs == []


def test_an_unknown_sort_column_gives_the_newest_and_says_so(workspace, runs):
    page = history.page(workspace, HistoryQuery(sort="metrics.rsme"), 5)
    assert [run.pk for run in page.runs] == [run.pk for run in history.page(workspace, HistoryQuery(), 5).runs]
    assert "did you mean metrics.rmse?" in page.notes[0]


def test_a_page_costs_the_same_number_of_queries_however_many_runs(workspace, runs, django_assert_max_num_queries):
    for query in (HistoryQuery(), HistoryQuery(sort="metrics.rmse"), HistoryQuery(text="hybrid", sort="params.epochs")):
        with django_assert_max_num_queries(16):
            history.page(workspace, query)


def test_a_page_goes_on_though_the_last_run_of_its_dataset_vanished(workspace, runs: list[Told]):
    """With few runs and with many; the order by dataset is read one dataset after the other."""
    for text in ("", "hybrid"):
        query = HistoryQuery(text=text, sort="dataset", descending=False)
        whole = walked(workspace, query)
        first = history.page(workspace, query, 2)
        dataset = first.runs[-1].dataset_id
        of_it = Experiment.objects.filter(pk__in=whole, dataset=dataset)
        gone = set(of_it.values_list("pk", flat=True))
        of_it.update(deleted_at=timezone.now())
        rest = [pk for pk in whole if pk not in gone]
        second = history.page(workspace, _at(query, after=first.next_cursor), 50)
        assert [run.pk for run in second.runs] == rest or second.notes
        assert set(rest) <= {run.pk for run in second.runs} | {run.pk for run in first.runs}


def test_deleted_runs_can_be_ordered_by_a_dataset_that_no_other_run_has(workspace, runs: list[Told], monkeypatch):
    monkeypatch.setattr(rare, "FEW", 0)
    monkeypatch.setattr("experiments.selectors.search.asking.FEW", 0)
    gone = Experiment.objects.filter(dataset=runs[0].row.dataset)
    expected = set(gone.values_list("pk", flat=True))
    gone.update(deleted_at=timezone.now())
    assert set(walked(workspace, HistoryQuery(deleted=True, sort="dataset"))) == expected
