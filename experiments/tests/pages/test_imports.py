"""From an upload to a dataset: what was detected is shown, what was chosen counts, what is wrong is named."""

from __future__ import annotations

import uuid
import zipfile
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from experiments.models import Dataset, DatasetImport
from experiments.services import importing
from experiments.tests.pages import scenes

UPLOAD = "/datasets/import/"
HTMX = {"HX-Request": "true"}


def choices(draft, client, **changes):
    """What the untouched review form sends."""
    form = client.get(reverse("experiments:import", args=[draft.pk])).context["review"].form
    values = {name: form[name].value() for name in form.fields}
    values = {name: value for name, value in values.items() if value not in (None, False)}
    return {**values, **({"has_header": "on"} if values.get("has_header") else {}), **changes}


def test_an_upload_becomes_a_draft_that_shows_what_was_detected(client):
    response = client.post(UPLOAD, {"interactions": scenes.upload(), "name": "mine"}, follow=True)
    draft = DatasetImport.objects.get()
    assert (draft.status, draft.name) == ("draft", "mine")
    review = response.context["review"]
    assert review.detected.columns == ("userId", "movieId", "rating", "timestamp")
    assert len(review.rows) == 10
    assert review.form["user"].value() == "userId"
    assert review.form["feedback"].value() == "explicit"
    assert not Dataset.objects.exists()


def test_htmx_upload_moves_the_whole_page(client):
    response = client.post(UPLOAD, {"interactions": scenes.upload()}, headers=HTMX)
    assert response["HX-Redirect"] == reverse("experiments:import", args=[DatasetImport.objects.get().pk])


def test_upload_without_a_file_names_the_field_and_keeps_the_name(client):
    response = client.post(UPLOAD, {"name": "kept name"})
    assert response.status_code == 422
    assert "Choose a file" in response.context["form"].errors["interactions"][0]
    assert "kept name" in response.content.decode()


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02\x03" * 50])
def test_a_file_that_is_no_data_is_refused_on_its_field(client, content):
    file = SimpleUploadedFile("strange.bin", content)
    response = client.post(UPLOAD, {"interactions": file})
    assert response.status_code == 422
    assert response.context["form"].errors["interactions"]
    assert not DatasetImport.objects.exists()


def test_a_file_with_one_column_is_shown_and_cannot_be_confirmed(client):
    response = client.post(UPLOAD, {"interactions": scenes.upload(text="word\n" * 20)}, follow=True)
    assert len(response.context["review"].detected.columns) == 1
    draft = DatasetImport.objects.get()
    refused = client.post(reverse("experiments:import_confirm", args=[draft.pk]), choices(draft, client))
    assert refused.status_code == 422


def test_a_zip_that_leads_out_of_itself_is_refused(client):
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../evil.csv", scenes.RATINGS_CSV)
    response = client.post(UPLOAD, {"interactions": SimpleUploadedFile("evil.zip", packed.getvalue())})
    assert response.status_code == 422


def test_a_changed_separator_reads_the_file_anew(client, workspace, scientist):
    draft = scenes.draft_import(workspace, scientist, scenes.RATINGS_CSV.replace(",", ";"))
    address = reverse("experiments:import_preview", args=[draft.pk])
    right = client.post(address, choices(draft, client))
    assert len(right.context["review"].detected.columns) == 4
    wrong = client.post(address, choices(draft, client, separator="|"))
    assert len(wrong.context["review"].detected.columns) != 4 or wrong.context["review"].problems
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_a_header_that_is_none_gives_columns_by_number_and_keeps_other_choices(client, workspace, scientist):
    draft = scenes.draft_import(workspace, scientist)
    values = choices(draft, client, name="another name")
    values.pop("has_header")
    review = client.post(reverse("experiments:import_preview", args=[draft.pk]), values).context["review"]
    assert review.detected.columns[0] == "column 1"
    assert review.form["name"].value() == "another name"
    assert review.form["user"].value() in review.detected.columns


def test_confirm_queues_what_was_chosen_and_the_import_makes_the_dataset(client, workspace, scientist):
    draft = scenes.draft_import(workspace, scientist)
    response = client.post(
        reverse("experiments:import_confirm", args=[draft.pk]),
        choices(draft, client, name="ratings of may", timestamp=""),
    )
    assert response.status_code == 302
    draft.refresh_from_db()
    assert (draft.status, draft.name) == ("queued", "ratings of may")
    assert "timestamp" not in draft.options["mapping"]
    done = importing.carry_out_here(draft)
    assert done.dataset.has_timestamps is False
    assert client.get(reverse("experiments:import", args=[draft.pk]))["Location"].endswith(
        f"/datasets/{done.dataset_id}/"
    )


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"item": "userId"}, None),
        ({"user": "nothing"}, "user"),
        ({"name": ""}, "name"),
        ({"value": ""}, None),
        ({"scale_min": "5", "scale_max": "1"}, "scale_max"),
        ({"scale_min": "1"}, "scale_max"),
        ({"scale_min": "low"}, "scale_min"),
    ],
)
def test_a_wrong_choice_is_refused_and_everything_typed_is_kept(client, workspace, scientist, changes, field):
    draft = scenes.draft_import(workspace, scientist)
    values = choices(draft, client, **{"name": "kept name"} | changes)
    response = client.post(reverse("experiments:import_confirm", args=[draft.pk]), values)
    assert response.status_code == 422
    form = response.context["review"].form
    assert (field or "__all__") in form.errors
    assert form["name"].value() == values["name"]
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_a_name_that_is_taken_is_refused(client, workspace, scientist):
    scenes.make_dataset(workspace, name="taken")
    draft = scenes.draft_import(workspace, scientist)
    response = client.post(reverse("experiments:import_confirm", args=[draft.pk]), choices(draft, client, name="taken"))
    assert "already" in response.context["review"].form.errors["name"][0]


def test_item_features_are_mapped_on_the_same_page(client, workspace, scientist):
    items = "movieId,title,genres\n" + "".join(f"{n},Film {n},Comedy|Drama\n" for n in range(1, 21))
    uploads = [
        importing.Upload("interactions", "ratings.csv", [scenes.RATINGS_CSV.encode()]),
        importing.Upload("items", "movies.csv", [items.encode()]),
    ]
    draft = importing.stage(workspace=workspace, actor=scientist, uploads=uploads)
    review = client.get(reverse("experiments:import", args=[draft.pk])).context["review"]
    feature = review.features[0].form
    values = choices(draft, client) | {
        f"items-{name}": feature[name].value() for name in feature.fields if feature[name].value()
    }
    assert client.post(reverse("experiments:import_confirm", args=[draft.pk]), values).status_code == 302
    draft.refresh_from_db()
    dataset = importing.carry_out_here(draft).dataset
    assert dataset.item_features == ["genres"]
    assert dataset.statistics["most_popular"][0]["title"].startswith("Film")


def test_a_failed_import_says_why_and_can_be_corrected(client, workspace, scientist):
    draft = scenes.draft_import(workspace, scientist)
    DatasetImport.objects.filter(pk=draft.pk).update(
        status="failed",
        failure_kind="bad_input",
        failure_reason="Every rating is off the scale.",
        finished_at=draft.created_at,
        queued_at=draft.created_at,
    )
    page = client.get(reverse("experiments:import", args=[draft.pk]))
    assert "Every rating is off the scale." in page.content.decode()
    assert (
        client.post(reverse("experiments:import_confirm", args=[draft.pk]), choices(draft, client)).status_code == 302
    )
    draft.refresh_from_db()
    assert draft.status == "queued"


def test_the_status_of_an_import_is_polled_and_moves_on_at_its_end(client, workspace, scientist):
    draft = scenes.draft_import(workspace, scientist)
    importing.confirm(draft, options={}, actor=scientist)
    address = reverse("experiments:import_status", args=[draft.pk])
    first = client.get(address, headers=HTMX)
    assert first.status_code == 200
    assert client.get(address, headers=HTMX | {"If-None-Match": first["ETag"]}).status_code == 304
    draft.refresh_from_db()
    dataset = importing.carry_out_here(draft).dataset
    assert client.get(address, headers=HTMX)["HX-Redirect"] == reverse("experiments:dataset", args=[dataset.pk])


def test_discard_removes_the_files_and_the_draft(client, workspace, scientist):
    draft = scenes.draft_import(workspace, scientist)
    assert draft.path.exists()
    client.post(reverse("experiments:import_discard", args=[draft.pk]))
    assert not DatasetImport.objects.exists()


def test_sample_data_is_queued_by_a_button_and_its_second_press_is_explained(client):
    response = client.post(reverse("experiments:dataset_synthetic"))
    job = DatasetImport.objects.get()
    assert response["Location"] == reverse("experiments:import", args=[job.pk])
    assert (job.format, job.status) == ("synthetic", "queued")


def test_an_outsider_can_neither_see_nor_confirm_a_draft(outsider, workspace, scientist):
    draft = scenes.draft_import(workspace, scientist)
    for name in ("import_confirm", "import_preview", "import_discard", "import_stop"):
        assert outsider.post(reverse(f"experiments:{name}", args=[draft.pk])).status_code == 404
    assert outsider.get(reverse("experiments:import_status", args=[uuid.uuid4()])).status_code == 404
