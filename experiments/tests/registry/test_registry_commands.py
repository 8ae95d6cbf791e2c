"""The registry from the command line: the same services, clear errors, files checked when they are fetched."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json

import pytest
from django.core.management import CommandError, call_command

from experiments.models import ModelVersion
from experiments.services import promotion
from experiments.tests.registered import judged_run, judged_version
from experiments.tests.registry.conftest import scores


def say(*args: str, **options: object) -> str:
    out = io.StringIO()
    call_command(*args, stdout=out, **options)
    return out.getvalue().strip()


def test_register_promote_list_roll_back_and_ask_what_was_live(workspace, engineer):
    slug = {"workspace": workspace.slug}
    first = judged_run(workspace, scores(0.3, seed=1))
    assert "films 1.0.0, in development" in say("register_model", str(first.pk), model="films", **slug)
    assert "is now in production" in say("promote_model", "films", "1.0.0", actor=engineer.email, **slug)

    second = judged_run(workspace, scores(0.5, seed=2), dataset=first.dataset)
    made = json.loads(say("register_model", str(second.pk), model="films", number="1.2.0", json=True, **slug))
    assert made["number"] == "1.2.0"
    checked = say("promote_model", "films", "1.2.0", check=True, **slug)
    assert "Better by" in checked
    assert "Nothing speaks against it" in checked
    say("promote_model", "films", "1.2.0", **slug)
    before = dt.datetime.now(dt.UTC).isoformat()
    assert "1.0.0 is back in production" in say("rollback_model", "films", reason="too slow", **slug)

    assert "films 1.2.0, from" in say("live_at", "films", before, **slug)
    assert "Nothing of films" in say("live_at", "films", "2020-01-01T00:00", **slug)
    (listed,) = json.loads(say("list_models", json=True, **slug))
    assert (listed["name"], listed["production"]) == ("films", "1.0.0")
    versions = json.loads(say("list_models", model="films", json=True, **slug))
    assert [(row["number"], row["stage"]) for row in versions] == [("1.2.0", "archived"), ("1.0.0", "production")]


def test_blockers_are_listed_and_force_needs_a_reason(workspace):
    slug = {"workspace": workspace.slug}
    promotion.promote(judged_version(workspace, scores(0.5), "films"), actor=None)
    judged_version(workspace, scores(0.1), "films")
    with pytest.raises(CommandError, match=r"gate_failed: .*\n.*overruled with --force"):
        say("promote_model", "films", "1.0.1", **slug)
    with pytest.raises(CommandError, match="at least 10 characters"):
        say("promote_model", "films", "1.0.1", force=True, **slug)
    said = say("promote_model", "films", "1.0.1", force=True, reason="agreed with everybody", **slug)
    assert "overruling 1 blocker" in said


@pytest.mark.parametrize(
    ("args", "options", "said"),
    [
        (("register_model", "nonsense"), {"model": "films"}, "accepted: the id of a run"),
        (("promote_model", "poems", "1.0.0"), {}, "known: films"),
        (("promote_model", "films", "9.9.9"), {}, "has no version 9.9.9; known: 1.0.0"),
        (("promote_model", "films", "nine"), {}, "is no version number"),
        (("rollback_model", "films"), {}, "no former version"),
        (("live_at", "films", "yesterday"), {}, "ISO 8601"),
        (("fetch_model", "films"), {"to": "unused"}, "has no champion"),
        (("fetch_model", "models:/films@king"), {"to": "unused"}, "champion and challenger"),
    ],
)
def test_what_is_wrong_is_said(workspace, args, options, said):
    judged_version(workspace, scores(0.3), "films")
    with pytest.raises(CommandError, match=said):
        say(*args, workspace=workspace.slug, **options)


@pytest.mark.parametrize("address", ["films", "models:/films@champion", "models:/films/1.0.0", "films/1.0.0"])
def test_a_model_is_fetched_by_any_of_its_addresses(workspace, tmp_path, address):
    version = judged_version(workspace, scores(0.3), "films")
    promotion.promote(version, actor=None)
    assert "all as registered" in say("fetch_model", address, to=tmp_path / "here", workspace=workspace.slug)
    fetched = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "here").iterdir()}
    assert fetched == dict(version.files.values_list("name", "sha256"))
    with pytest.raises(CommandError, match="already"):
        say("fetch_model", address, to=tmp_path / "here", workspace=workspace.slug)


def test_a_damaged_model_is_not_fetched(workspace, tmp_path):
    version = judged_version(workspace, scores(0.3), "films")
    promotion.promote(version, actor=None)
    ModelVersion.objects.get(pk=version.pk).files.get(name="model.json").file.write_text("{}")
    with pytest.raises(CommandError, match="its content changed"):
        say("fetch_model", "films", to=tmp_path / "here", workspace=workspace.slug)
    assert not (tmp_path / "here").exists()
