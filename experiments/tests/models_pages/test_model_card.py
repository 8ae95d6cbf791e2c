"""The model card: generated from what is stored, written by people, exported without any markup of theirs."""

from __future__ import annotations

import pytest
from django.urls import reverse

from experiments.models import MetricValue, ModelVersion
from experiments.selectors.model_card import KEYS, card_of
from experiments.selectors.model_card_markdown import as_markdown, block, file_name, inline
from experiments.tests.pages.html import fields
from experiments.tests.versions import make_live, make_version_row
from mlopspro.accounts.models import AuditEntry

EVIL = '<script>alert("x")</script> [click](javascript:alert(1)) | # not a heading\n# nor this\n1. one\n- two ![p](http://x/y.png)'


@pytest.fixture
def version(workspace, engineer) -> ModelVersion:
    return make_version_row(workspace, by=engineer)


def card(version, name="model_card") -> str:
    return reverse(f"experiments:{name}", args=[version.model_id, version.pk])


def fresh(version: ModelVersion) -> ModelVersion:
    return ModelVersion.objects.select_related(
        "model__owner", "experiment__dataset", "experiment__created_by", "dataset", "recipe_version", "created_by"
    ).get(pk=version.pk)


def said(version: ModelVersion, key: str) -> str:
    section = next(one for one in card_of(fresh(version)) if one.about.key == key)
    return " ".join([*section.sentences, *(f"{name}: {value}" for name, value in section.facts)])


def test_what_is_known_is_generated(version):
    assert "NDCG@10 0.00400 against 0.171" in said(version, "limitations"), "it loses to popularity"
    assert "trained with one seed" in said(version, "limitations")
    assert "43 of 943 users are in no rated figure" in said(version, "limitations")
    assert "It learns from item, rating, user." in said(version, "data")
    assert "no terms of use" in said(version, "ethics")
    assert "Owner: nobody" in said(version, "contact")
    assert "Registered" in said(version, "history")


def test_the_segment_that_is_served_worst_is_named(version):
    MetricValue.objects.filter(experiment=version.experiment, segment="light_users").update(value=0.5)
    assert "Light users are served worst: F1@10 0.500 against 0.780 over all (rated)." in said(version, "limitations")


def test_personal_columns_are_pointed_at(version):
    version.dataset.user_features = ["age", "zip_code", "stage"]
    version.dataset.save()
    assert "seem to describe people: age, zip_code; it learns from age, zip_code." in said(version, "ethics")


def test_the_page_tells_generated_from_written(client, version):
    page = client.get(card(version)).content.decode()
    assert "Not filled in yet." in page
    assert page.count("Generated</p>") == len(KEYS)
    assert "Written by" not in page
    form = fields(client.get(card(version, "model_card_edit")).content.decode())
    client.post(card(version, "model_card_edit"), form | {"use": "For the start page.", "ethics": "Research only."})
    page = client.get(card(version)).content.decode()
    assert "Not filled in yet." not in page
    assert page.count("Written by Ada Lovelace") == 2
    assert AuditEntry.objects.get(action="edit_model_card").after == {
        "use": "For the start page.", "ethics": "Research only.",
    }  # fmt: skip


def test_two_people_on_one_section(client, version):
    url = card(version, "model_card_edit")
    mine = fields(client.get(url).content.decode())
    client.post(url, mine | {"use": "Theirs."})
    client.post(url, mine | {"contact": "Room 5."})
    answer = client.post(url, mine | {"use": "Mine."})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "changed this section meanwhile; it now says: “Theirs.”" in text
    assert "Mine.</textarea>" in text, "what was typed is kept"
    card_now = ModelVersion.objects.get(pk=version.pk).card
    assert {key: value["text"] for key, value in card_now.items()} == {"use": "Theirs.", "contact": "Room 5."}
    agreed = fields(text) | {"use": "Mine.", "contact": "Room 5."}
    assert client.post(url, agreed).status_code == 302
    assert ModelVersion.objects.get(pk=version.pk).card["use"]["text"] == "Mine."


def test_taking_words_away(client, version):
    url = card(version, "model_card_edit")
    for text in ("Words.", ""):
        client.post(url, fields(client.get(url).content.decode()) | {"use": text})
    assert ModelVersion.objects.get(pk=version.pk).card == {}


@pytest.mark.parametrize("text", ["a" * 10_001, "\x07", "\0"])
def test_what_is_not_accepted_saves_nothing(client, version, text):
    url = card(version, "model_card_edit")
    answer = client.post(url, {"use": text, "ethics": "fine", "seen_use": "", "seen_ethics": ""})
    assert answer.status_code == 422
    assert ModelVersion.objects.get(pk=version.pk).card == {}


def test_the_file_is_markdown_without_markup_of_others(client, version):
    version.model.name = "../<b>Films</b> & co"
    version.model.save()
    version.card = {"use": {"text": EVIL, "by": "<i>Eve</i>", "at": ""}}
    version.save()
    make_live(version)
    answer = client.get(card(version, "model_card_file"))
    assert answer["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="bfilmsb-co-1.0.0-model-card.md"'
    text = answer.content.decode()
    assert "<" not in text.replace("&lt;", "")
    assert "\\[click\\]\\(javascript:alert\\(1\\)\\)" in text
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert len(headings) == 1 + len(KEYS)
    assert "*Generated:*" in text
    assert "| Precision@10 | 0.740 |" in text


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("1. one", "1\\. one"),
        ("- two", "\\- two"),
        ("a|b", "a\\|b"),
        ("===", "\\==="),
        ("&lt;", "&amp;lt;"),
        ("\\<", "\\\\&lt;"),
    ],
)
def test_lines_stay_lines(given, written):
    assert block(given) == written


def test_one_line_stays_one_line():
    assert inline("a\n# b\r\n| c") == "a \\# b \\| c"


def test_a_name_of_symbols_still_has_a_file(version):
    version.model.name = "模型"
    assert file_name(version) == "model-1.0.0-model-card.md"
    assert as_markdown(version, []).startswith("# Model card: 模型 1.0.0")


def test_viewers_read_and_do_not_write(viewer, version):
    assert "Your role does not edit models" in viewer.get(card(version)).content.decode()
    assert viewer.get(card(version, "model_card_edit")).status_code == 403
