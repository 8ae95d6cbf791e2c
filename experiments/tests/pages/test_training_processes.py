"""The training form asks among how many processes a Keras network is trained, and says where that cannot be."""

from __future__ import annotations

import pytest

from experiments.models import Experiment
from experiments.tests.pages import scenes
from experiments.tests.pages.test_training_form import PAGE, filled


@pytest.fixture
def dataset(workspace):
    return scenes.make_dataset(workspace)


def test_what_was_chosen_is_what_the_run_has(client, scientist, dataset):
    assert 'name="processes"' in client.get(PAGE).content.decode()
    client.post(PAGE, filled(dataset, processes="2"))
    assert Experiment.objects.get().processes == 2


def test_left_empty_it_is_one(client, scientist, dataset):
    client.post(PAGE, filled(dataset, processes=""))
    assert Experiment.objects.get().processes == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"processes": "two"}, "two"),
        ({"processes": "0"}, "greater than or equal to 1"),
        ({"processes": "2", "architecture": "ease"}, "EASE trains in one process"),
    ],
)
def test_a_bad_number_is_refused_on_its_field(client, scientist, dataset, changes, words):
    response = client.post(PAGE, filled(dataset, **changes))
    assert response.status_code == 422
    assert words in " ".join(response.context["form"].errors["processes"])
    assert Experiment.objects.count() == 0
