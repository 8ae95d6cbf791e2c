"""What versions depend on, on the page of a version and beside another."""

from __future__ import annotations

import pytest

from experiments.models import ModelVersion
from experiments.selectors.importance import importance_distance
from experiments.services import importance
from experiments.tests.pages.table import text_of
from experiments.tests.registered import make_model, make_version
from experiments.tests.tables_stored import stored_table
from experiments.tests.trained import trained_run


@pytest.fixture
def of_places(workspace):
    importance.forget()
    run = trained_run(stored_table(workspace, "location_scoring"), "places", "place_ridge")
    return make_version(workspace, make_model(workspace, "places", family="location_scoring"), run=run)


def test_pages_show_it_and_compare_two(client, workspace, of_places):
    page = f"/models/{of_places.model_id}/versions/{of_places.pk}/"
    assert "Nothing is stored" in text_of(client.get(page).content.decode())
    importance.fill_pending(10)
    shown = client.get(page).content.decode()
    assert ModelVersion.objects.get(pk=of_places.pk).importance[0]["name"] in text_of(shown.split('id="importance"')[1])
    run = trained_run(
        of_places.dataset, "other places", "place_ridge", parameters={"regularization": 500.0, "coordinates": False}
    )
    other = make_version(workspace, of_places.model, run=run)
    compare = f"/models/{of_places.model_id}/compare/?a={of_places.pk}&b={other.pk}"
    assert "What they depend on" not in client.get(compare).content.decode()
    importance.fill_pending(10)
    answer = client.get(compare)
    distance = importance_distance(*ModelVersion.objects.filter(pk__in=[of_places.pk, other.pk]).order_by("created_at"))
    assert answer.context["comparison"].importance_distance == pytest.approx(distance)
    assert 0 < distance <= 1
    assert "What they depend on" in text_of(answer.content.decode())
