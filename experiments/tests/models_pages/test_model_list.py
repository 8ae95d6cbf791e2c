"""The list of models: what is live, filters in the address, and what an empty one teaches."""

from __future__ import annotations

import pytest
from django.urls import reverse

from experiments.tests.versions import make_live, make_model_row, make_version_row

URL = "/models/"


def names(response) -> list[str]:
    return [row.model.name for row in response.context["page"]]


def test_an_empty_list_teaches_to_register_a_run(client, viewer):
    page = client.get(URL).content.decode()
    assert "No models yet" in page
    assert "manage.py register_model" in page
    assert reverse("experiments:model_register") in page
    assert "Your role does not register models" in viewer.get(URL).content.decode()


def test_a_row_says_what_is_live_and_what_is_newest(client, workspace, engineer):
    make_live(make_version_row(workspace, number="1.9.0"))
    make_version_row(workspace, number="1.10.0", stage="staging")
    (row,) = client.get(URL).context["page"]
    assert (row.live.number, row.newest.number, row.num_versions) == ("1.9.0", "1.10.0", 2)
    assert (row.headline.protocol, row.headline.name, row.headline.value) == ("rated", "f1_at_10", 0.78)
    page = client.get(URL).content.decode()
    assert "F1@10, rated" in page
    assert "Staging" in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["Films", "Prices"]),
        ({"q": "film"}, ["Films"]),
        ({"q": "100%"}, []),
        ({"family": "pricing"}, ["Prices"]),
        ({"family": "no such"}, ["Films", "Prices"]),
        ({"live": "yes"}, ["Films"]),
        ({"live": "no"}, ["Prices"]),
        ({"owner": "me"}, ["Prices"]),
        ({"owner": "nobody"}, ["Films"]),
        ({"owner": "x' or 1=1"}, ["Films", "Prices"]),
        ({"tag": "shop"}, ["Prices"]),
        ({"archived": "1"}, ["Old"]),
        ({"page": "900", "q": "\0film"}, ["Films"]),
    ],
)
def test_filters(client, workspace, engineer, query, found):
    make_live(make_version_row(workspace))
    make_model_row(workspace, "Prices", family="pricing", owner=engineer, tags=["shop"])
    make_model_row(workspace, "Old", archived_at=engineer.created_at)
    assert names(client.get(URL, query)) == found


def test_chips_take_one_filter_away(client, workspace, engineer):
    make_model_row(workspace, "Prices", family="pricing", owner=engineer)
    chips = client.get(URL, {"family": "pricing", "owner": str(engineer.pk)}).context["chips"]
    assert [(chip["label"], chip["remove"]) for chip in chips] == [
        ("Pricing", f"?owner={engineer.pk}"),
        ("owned by Ada Lovelace", "?family=pricing"),
    ]
    assert "No model matches" in client.get(URL, {"q": "nothing"}).content.decode()


def test_making_and_editing_a_model(client, workspace, engineer):
    given = {"name": "Films", "family": "recommendation", "description": "What to watch", "tags": "tv, web"}
    answer = client.post("/models/new/", given | {"owner": str(engineer.pk)}, follow=True)
    model = answer.context["model"]
    assert (model.name, model.owner, model.tags) == ("Films", engineer, ["tv", "web"])
    again = client.post("/models/new/", given)
    assert again.status_code == 422
    assert "There is a model" in again.content.decode()
    edit = reverse("experiments:model_edit", args=[model.pk])
    refused = client.post(edit, {"name": "<b>", "minimum_improvement": "-1"})
    assert refused.status_code == 422
    assert client.post(edit, {"name": "Movies", "minimum_improvement": "0.02"}).status_code == 302
    model.refresh_from_db()
    assert (model.name, model.minimum_improvement, model.owner) == ("Movies", 0.02, None)


def test_archiving_needs_nothing_in_production_and_can_be_undone(client, workspace):
    version = make_version_row(workspace)
    make_live(version)
    url = reverse("experiments:model_archive", args=[version.model_id])
    said = client.post(url, follow=True).content.decode()
    assert "cannot be archived: version 1.0.0 is in production" in said
    version.stage = "archived"
    version.save()
    client.post(url)
    assert names(client.get(URL)) == []
    client.post(url, {"restore": "1"})
    assert names(client.get(URL)) == ["Films"]
