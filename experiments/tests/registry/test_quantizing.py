"""A version made smaller for serving: measured, kept beside the exact file, never under somebody's answers."""

from __future__ import annotations

import numpy as np
import pytest
from django.core.management import call_command
from django.urls import reverse

from experiments.learning.model_files import ARRAYS_FILE, COMPACT_FILE
from experiments.models import ModelFile
from experiments.models.job import JobStateError
from experiments.services import promotion, quantizing, version_files
from experiments.services.spec import Refused
from experiments.tests.registered import make_version
from mlopspro.accounts.models import AuditEntry
from mlopspro.serving.versions import load


def again(version):
    return type(version).objects.select_related("model", "experiment", "dataset").get(pk=version.pk)


@pytest.fixture
def version(workspace):
    return make_version(workspace, "Films", architecture="ease")


@pytest.mark.parametrize("precision", ["half", "int8"])
def test_serving_takes_the_compact_file_and_everything_else_the_exact_one(version, engineer, precision):
    exact = load(again(version)).recommender.scorer
    made = quantizing.quantize(version, precision, actor=engineer, least=0.5)
    served = load(again(version))
    assert {file.path.name for file in served.files} == {COMPACT_FILE, "serving.safetensors"}
    users = np.arange(5, dtype=np.int32)
    ours, theirs = exact.score_block(users), served.recommender.scorer.score_block(users)
    assert 0 < np.abs(ours - theirs).max() < 0.05 * np.abs(ours).max()
    kept = version_files.load_scorer(again(version))
    np.testing.assert_array_equal(kept.score_block(users), ours)
    assert made.compact_bytes < made.exact_bytes
    assert made.compact_bytes == (version.path / COMPACT_FILE).stat().st_size
    said = AuditEntry.objects.get(action="quantize_model")
    assert (said.actor, said.after["overlap"]) == (engineer, made.overlap)


def test_the_overlap_is_that_of_the_lists(version, engineer):
    exact = load(again(version)).recommender.scorer
    made = quantizing.quantize(version, "int8", actor=engineer, least=0.0)
    compact = load(again(version)).recommender.scorer
    shares = []
    for user in range(min(500, exact.num_users)):
        lists = [
            set(np.argsort(-one.score_block(np.array([user], np.int32))[0], kind="stable")[:10])
            for one in (exact, compact)
        ]
        shares.append(len(lists[0] & lists[1]) / 10)
    assert made.users == len(shares)
    assert made.overlap == pytest.approx(np.mean(shares))


def test_one_that_changes_the_lists_too_much_is_not_kept(version, engineer):
    with pytest.raises(Refused, match="accepted: at least 101%"):
        quantizing.quantize(version, "half", actor=engineer, least=1.01)
    assert not ModelFile.objects.filter(version=version, name=COMPACT_FILE).exists()
    assert not (version.path / COMPACT_FILE).exists()


def test_what_answers_is_not_touched(version, engineer):
    promotion.promote(version, actor=engineer, force=True, reason="First of all")
    with pytest.raises(JobStateError, match="answers as champion now"):
        quantizing.quantize(again(version), "half", actor=engineer)


def test_there_and_back(version, engineer):
    quantizing.quantize(version, "half", actor=engineer, least=0.5)
    with pytest.raises(JobStateError, match="compact already"):
        quantizing.quantize(again(version), "int8", actor=engineer)
    assert quantizing.restore_exact(again(version), actor=engineer)
    assert not quantizing.restore_exact(again(version), actor=engineer)
    assert ARRAYS_FILE in {file.path.name for file in load(again(version)).files}
    assert not (version.path / COMPACT_FILE).exists()


@pytest.mark.parametrize(
    ("architecture", "precision", "words"),
    [("popularity", "half", "nothing that shrinks"), ("ease", "quarter", "half or int8 is")],
)
def test_refusals_say_what_is_accepted(workspace, engineer, architecture, precision, words):
    with pytest.raises(Refused, match=words):
        quantizing.quantize(make_version(workspace, "Films", architecture=architecture), precision, actor=engineer)


def test_by_command(version, capsys):
    call_command("quantize_model", "Films", version.number, precision="int8", least=0.5)
    assert "of the ten best items are the same" in capsys.readouterr().out
    call_command("quantize_model", "Films", version.number, precision="exact")
    assert "is exact again" in capsys.readouterr().out


def test_on_the_page(client, version, engineer):
    client.force_login(engineer)
    page = reverse("experiments:model_version", args=[version.model_id, version.pk])
    assert "Make smaller" in client.get(page).content.decode()
    url = reverse("experiments:model_size", args=[version.model_id, version.pk])
    client.post(url, {"precision": "half"})
    kept = ModelFile.objects.filter(version=version, name=COMPACT_FILE).exists()
    shown = client.get(page).content.decode()
    assert kept
    assert "Back to the exact file" in shown
    client.post(url, {"precision": "exact"})
    assert "Make smaller" in client.get(page).content.decode()
