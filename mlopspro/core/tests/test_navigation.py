from __future__ import annotations

import pytest
from django.test import override_settings
from django.urls import path

from mlopspro.core.navigation import ENTRIES, NavEntry, links


def view(request: object) -> None: ...


urlpatterns = [
    path("", view, name="nav_home"),  # type: ignore[arg-type]
    path("runs/", view, name="nav_runs"),  # type: ignore[arg-type]
    path("runs/compare/", view, name="nav_compare"),  # type: ignore[arg-type]
]
SAMPLE = (
    NavEntry("Home", "nav_home", "house", "h"),
    NavEntry("Runs", "nav_runs", "play", "r", "see_runs", 1),
    NavEntry("Compare", "nav_compare", "play", "c", "see_runs", 1),
    NavEntry("Later", "nav_not_there_yet", "play", "l", "view", 2),
)


@pytest.fixture(autouse=True)
def _own_addresses() -> object:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def shown(path_: str, *actions: str) -> list[list[tuple[str, bool]]]:
    groups = links(path_, lambda action: action in actions, SAMPLE)
    return [[(link.entry.label, link.current) for link in group] for group in groups]


def test_pages_that_do_not_exist_yet_are_left_out() -> None:
    assert shown("/", "view", "see_runs") == [[("Home", True)], [("Runs", False), ("Compare", False)]]


def test_pages_that_a_person_may_not_see_are_left_out() -> None:
    assert shown("/", "view") == [[("Home", True)]]


def test_the_nearest_entry_is_the_current_one() -> None:
    assert shown("/runs/5/", "view", "see_runs")[1] == [("Runs", True), ("Compare", False)]
    assert shown("/runs/compare/", "view", "see_runs")[1] == [("Runs", False), ("Compare", True)]
    assert not any(current for group in shown("/elsewhere/", "view", "see_runs") for _, current in group)


def test_each_entry_has_a_letter_of_its_own() -> None:
    letters = [entry.key for entry in ENTRIES]
    assert len(set(letters)) == len(letters)
    assert all(len(letter) == 1 and letter.islower() for letter in letters)
