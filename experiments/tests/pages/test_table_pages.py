"""Tables on the pages: from an upload with a purpose to a dataset that shows its columns, roles and refused rows."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from experiments.models import Dataset, DatasetImport
from experiments.services import importing, tables
from experiments.tests.pages import scenes
from experiments.tests.pages.test_query_budgets import SESSION, cost

UPLOAD = "/datasets/import/"
SALES = "Day;Shop;Units;Price;Clerk\n" + "".join(
    f"{1 + n // 2 % 28:02d}.{1 + n // 56:02d}.2024;s{n % 2};{n % 9},5;{2 + n % 4};c{n}\n" for n in range(168)
)
BAD = "29.02.2024;s0;many;2;c\n29.02.2024;;3;2;c\n01.01.2024;s0;3;2;c\n"


def table_file(text: str = SALES, name: str = "sales.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode())


def draft_of(workspace, author, text: str = SALES, family: str = "forecasting") -> DatasetImport:
    uploads = [importing.Upload("interactions", "sales.csv", [text.encode()])]
    return importing.stage(workspace=workspace, actor=author, uploads=uploads, family=family)


def page_of(draft, client):
    return client.get(reverse("experiments:import", args=[draft.pk])).context["review"]


def choices(draft, client, **changes):
    """What the untouched review form sends."""
    review = page_of(draft, client)
    values = {name: review.form[name].value() for name in review.form.fields}
    values = {name: value for name, value in values.items() if value not in (None, False)}
    shown = {"shown_family": review.family.value, "shown_columns": str(len(review.seen.columns))}
    return values | shown | {"has_header": "on"} | changes


def made(workspace, author, family="next_best_action", **sizes) -> Dataset:
    job = tables.import_synthetic_table(workspace=workspace, actor=author, family=family, **sizes)
    dataset = importing.carry_out_here(job).dataset
    assert dataset is not None
    return dataset


def test_an_upload_with_a_purpose_shows_columns_and_proposed_roles(client):
    response = client.post(UPLOAD, {"interactions": table_file(), "family": "forecasting"}, follow=True)
    draft = DatasetImport.objects.get()
    assert draft.options == {"family": "forecasting"}
    review = response.context["review"]
    roles = [review.form[f"role_{place}"].value() for place in range(5)]
    assert roles == ["time", "series", "target", "numeric", ""]
    assert (review.form["time_format"].value(), review.form["decimal"].value()) == ("day_first", ",")
    page = response.content.decode()
    assert "Role of Units" in page
    assert "Known numbers" in page
    assert not Dataset.objects.exists()


def test_confirmed_roles_make_the_dataset_and_bad_rows_are_listed_by_line(client, workspace, scientist):
    draft = draft_of(workspace, scientist, SALES + BAD)
    address = reverse("experiments:import_confirm", args=[draft.pk])
    assert client.post(address, choices(draft, client, name="Shop sales")).status_code == 302
    draft.refresh_from_db()
    dataset = importing.carry_out_here(draft).dataset
    assert (dataset.name, dataset.family, dataset.num_interactions, dataset.num_refused) == (
        "Shop sales",
        "forecasting",
        168,
        3,
    )
    assert dataset.roles["series"] == ["Shop"]
    page = client.get(reverse("experiments:dataset", args=[dataset.pk]))
    text = page.content.decode()
    for line, reason in (
        (170, "Units is not a number"),
        (171, "Shop is missing"),
        (172, "another row of the same series and day came first"),
    ):
        assert str(line) in text
        assert reason in text
    lines = b"".join(client.get(reverse("experiments:dataset_refused_csv", args=[dataset.pk]))).decode()
    assert "Units is not a number" in lines


def test_roles_that_are_missing_are_named_and_what_was_chosen_is_kept(client, workspace, scientist):
    draft = draft_of(workspace, scientist)
    values = choices(draft, client, role_2="", name="kept name")
    response = client.post(reverse("experiments:import_confirm", args=[draft.pk]), values)
    assert response.status_code == 422
    form = response.context["review"].form
    assert "Target has no column" in form.non_field_errors()[0]
    assert form["name"].value() == "kept name"
    assert form["role_1"].value() == "series"
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_a_role_for_one_column_cannot_be_given_to_two(client, workspace, scientist):
    draft = draft_of(workspace, scientist)
    values = choices(draft, client, role_3="target")
    response = client.post(reverse("experiments:import_confirm", args=[draft.pk]), values)
    assert response.status_code == 422
    assert "one column" in response.context["review"].form.non_field_errors()[0]


def test_the_purpose_can_be_changed_in_the_review_and_roles_follow(client, workspace, scientist):
    draft = draft_of(workspace, scientist)
    address = reverse("experiments:import_preview", args=[draft.pk])
    review = client.post(address, choices(draft, client, family="pricing")).context["review"]
    assert review.family == "pricing"
    assert [review.form[f"role_{place}"].value() for place in range(5)] == [
        "time",
        "categorical",
        "quantity",
        "price",
        "",
    ]
    interactions = client.post(address, choices(draft, client, family="recommendation")).context["review"]
    assert not interactions.is_table
    assert "user" in interactions.form.fields


def test_interactions_can_turn_out_to_be_a_table_without_a_script(client, workspace, scientist):
    """Import pressed with another purpose: the page asks which column is what, and nothing is imported yet."""
    draft = scenes.draft_import(workspace, scientist, SALES)
    values = {"name": "x", "family": "forecasting", "user": "Day", "item": "Shop", "format": "csv"}
    response = client.post(reverse("experiments:import_confirm", args=[draft.pk]), values)
    assert response.status_code == 422
    assert response.context["review"].form["role_2"].value() == "target"
    draft.refresh_from_db()
    assert draft.status == "draft"


def test_files_of_interactions_do_not_belong_to_a_table(client):
    files = {"interactions": table_file(), "users": table_file(name="users.csv"), "family": "pricing"}
    response = client.post(UPLOAD, files)
    assert response.status_code == 422
    assert "a table is one file" in response.context["form"].errors["users"][0]
    assert not DatasetImport.objects.exists()


def test_what_is_no_table_says_so_and_can_be_read_as_interactions(client, workspace, scientist):
    draft = draft_of(workspace, scientist, "word\n" * 30)
    page = client.get(reverse("experiments:import", args=[draft.pk])).content.decode()
    assert "The files cannot be read." in page
    assert "Read it as interactions" in page


def test_parquet_has_neither_separator_nor_encoding(client):
    stream = io.BytesIO()
    pd.DataFrame({"lat": [50.0, 51.0], "lon": [8.0, 9.0], "sales": [1, 2]}).to_parquet(stream)
    file = SimpleUploadedFile("places.parquet", stream.getvalue())
    response = client.post(UPLOAD, {"interactions": file, "family": "location_scoring"}, follow=True)
    form = response.context["review"].form
    assert not {"separator", "encoding", "has_header", "time_format"} & set(form.fields)
    assert [form[f"role_{place}"].value() for place in range(3)] == ["latitude", "longitude", "target"]


@pytest.mark.parametrize("family", ["forecasting", "pricing", "next_best_action", "location_scoring"])
def test_the_sample_data_of_each_family_is_queued_by_the_button(client, family):
    response = client.post(reverse("experiments:dataset_synthetic"), {"family": family})
    job = DatasetImport.objects.get()
    assert response["Location"] == reverse("experiments:import", args=[job.pk])
    assert (job.format, job.status, job.options["family"]) == ("synthetic", "queued", family)


def test_sample_data_of_an_unknown_family_is_refused_in_words(client):
    response = client.post(reverse("experiments:dataset_synthetic"), {"family": "astrology"}, follow=True)
    assert "accepted: forecasting" in response.content.decode()
    assert not DatasetImport.objects.exists()


def test_the_page_of_a_table_shows_columns_charts_first_rows_and_its_truth(client, workspace, scientist):
    dataset = made(workspace, scientist, customers=300)
    page = client.get(reverse("experiments:dataset", args=[dataset.pk]))
    text = page.content.decode()
    assert page.status_code == 200
    for words in ("Table for next best action", "600", "Numeric features", "contacted_at", "best_policy_value"):
        assert words in text
    for gone in ("Sparsity", "interactions each", "User features"):
        assert gone not in text
    assert 4 <= len(page.context["charts"]) <= 12
    assert len(page.context["first_rows"].rows) == 10
    assert len(page.content) < 250_000


def test_a_table_whose_files_are_gone_still_has_a_page(client, workspace, scientist):
    dataset = made(workspace, scientist, customers=300)
    (dataset.path / "table.parquet").unlink()
    page = client.get(reverse("experiments:dataset", args=[dataset.pk]))
    assert page.status_code == 200
    assert "cannot be read" in page.content.decode()


def test_lists_and_api_know_tables(client, workspace, scientist):
    dataset = made(workspace, scientist, "pricing")
    assert "Pricing" in client.get(reverse("experiments:datasets")).content.decode()
    told = next(row for row in client.get("/api/datasets").json()["data"] if row["id"] == str(dataset.pk))
    assert (told["family"], told["roles"]["price"], told["num_users"]) == ("pricing", dataset.roles["price"], 0)
    assert {column["name"] for column in told["columns"]} >= {dataset.roles["price"]}


def test_the_page_of_a_table_costs_what_that_of_interactions_does(client, workspace, scientist):
    dataset = made(workspace, scientist, customers=300)
    assert cost(client, reverse("experiments:dataset", args=[dataset.pk])) <= SESSION + 3


def test_the_review_of_a_table_costs_little(client, workspace, scientist):
    draft = draft_of(workspace, scientist)
    assert cost(client, reverse("experiments:import", args=[draft.pk])) <= SESSION + 2


def test_a_draft_of_a_table_is_hidden_from_others(outsider, workspace, scientist):
    draft = draft_of(workspace, scientist)
    assert outsider.get(reverse("experiments:import", args=[draft.pk])).status_code == 404
