"""Downloads are data and never pages; paths come from rows; exports do nothing in a spreadsheet."""

from __future__ import annotations

import csv
from io import StringIO

import pytest
from django.urls import reverse

from experiments.tests.pages import scenes

EVIL = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def test_a_download_is_an_attachment_in_a_sandbox(client, run):
    evil = scenes.add_file(run, "drawing.svg", EVIL)
    response = client.get(reverse("experiments:artifact", args=[run.pk, evil.pk]))
    assert b"".join(response.streaming_content) == EVIL
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "/etc/passwd", "experiments/../../../etc/passwd", "experiments/none"]
)
def test_a_row_that_points_elsewhere_is_not_followed(client, run, path):
    artifact = run.artifacts.get()
    artifact.path = path
    artifact.save()
    assert client.get(reverse("experiments:artifact", args=[run.pk, artifact.pk])).status_code == 404
    assert client.get(reverse("experiments:artifact_preview", args=[run.pk, artifact.pk])).status_code == 404


def test_a_link_out_of_the_data_root_is_not_followed(client, run, data_root, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.json"
    outside.write_text("secret")
    artifact = run.artifacts.get()
    artifact.file.unlink()
    artifact.file.symlink_to(outside)
    assert client.get(reverse("experiments:artifact", args=[run.pk, artifact.pk])).status_code == 404


def test_an_artifact_of_another_run_or_workspace_does_not_exist_here(client, outsider, run, workspace):
    other = scenes.finished_run(workspace, name="other")
    artifact = run.artifacts.get()
    assert client.get(reverse("experiments:artifact", args=[other.pk, artifact.pk])).status_code == 404
    assert outsider.get(reverse("experiments:artifact", args=[run.pk, artifact.pk])).status_code == 404


def test_short_texts_are_shown_escaped_and_json_is_indented(client, run):
    shown = client.get(reverse("experiments:artifact_preview", args=[run.pk, run.artifacts.get().pk]))
    assert "&quot;ndcg_at_10&quot;: 0.004" in shown.content.decode()
    script = scenes.add_file(run, "note.txt", b"<script>alert(1)</script>")
    page = client.get(reverse("experiments:artifact_preview", args=[run.pk, script.pk])).content.decode()
    assert "<script>alert(1)" not in page


@pytest.mark.parametrize(("name", "size"), [("model.keras", 10), ("page.html", 10), ("large.json", 100_001)])
def test_other_files_have_no_preview(client, run, name, size):
    artifact = scenes.add_file(run, name, b"x" * size)
    assert client.get(reverse("experiments:artifact_preview", args=[run.pk, artifact.pk])).status_code == 404


def test_the_whole_log_is_a_text_file(client, run):
    response = client.get(reverse("experiments:experiment_log_file", args=[run.pk]))
    text = b"".join(response.streaming_content).decode()
    assert [line.rsplit(" info ", 1)[1] for line in text.splitlines()] == [f"line {n}" for n in range(5)]
    assert "sandbox" in response["Content-Security-Policy"]


def test_refused_rows_are_listed_with_line_and_reason_and_exported_defused(client, workspace, scientist):
    text = scenes.RATINGS_CSV + "=cmd|' /C calc'!A0,5,oops,1000000000\n1,2\n"
    draft = scenes.draft_import(workspace, scientist, text)
    dataset = scenes.imported(draft, scientist)
    assert dataset.num_refused == 2
    lines = text.count("\n")
    page = client.get(reverse("experiments:dataset", args=[dataset.pk])).content.decode()
    assert "oops" in page
    export = client.get(reverse("experiments:dataset_refused_csv", args=[dataset.pk]))
    rows = list(csv.DictReader(StringIO(b"".join(export.streaming_content).decode())))
    assert [int(row["line"]) for row in rows] == [lines - 1, lines]
    assert rows[0]["raw"].startswith("'=cmd")
    assert all(row["reason"] for row in rows)


def test_refused_rows_are_shown_by_kind_and_page(client, workspace, scientist):
    text = scenes.RATINGS_CSV + "1,2,oops,1\n" * 60
    dataset = scenes.imported(scenes.draft_import(workspace, scientist, text), scientist)
    address = reverse("experiments:dataset", args=[dataset.pk])
    first, last = (client.get(address, {"rows": "refused", "page": page}).context["refused"] for page in (1, 3))
    assert (first.paginator.count, len(first), len(last)) == (60, 25, 10)
    assert client.get(address, {"rows": "duplicate"}).context["refused"].paginator.count == 0
