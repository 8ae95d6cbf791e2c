"""From a cloud of runs to the lines of a few and the groups they make, by mouse and by keyboard, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from experiments.tests.factories import make_dataset
from experiments.tests.many import add_run
from mlopspro.browser_tests.test_experiment_pages import complaints, faults, look, site  # noqa: F401  fixtures

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RUNS = 12


@pytest.fixture
def runs(site):  # noqa: F811
    dataset = make_dataset(site.workspace, name="ratings")
    return [
        add_run(
            site.workspace, dataset, name=f"run {place}", architecture="als" if place % 2 else "hybrid", seed=place,
            figures={("rated", "f1_at_10"): place / 20, ("pointwise", "rmse"): 1 - place / 40},
            parameters={"learning_rate": 10.0 ** -(1 + place % 4)}, settings_hash=f"{place % 3}" * 64,
        )
        for place in range(1, RUNS + 1)
    ]  # fmt: skip


def test_from_a_cloud_to_lines_to_groups(page: Page, site, runs, complaints):  # noqa: F811
    page.set_viewport_size({"width": 1440, "height": 1000})
    page.goto(f"{site.url}/experiments/scatter/?x=seed&y=metrics.rated.f1_at_10&colour=architecture")
    expect(page.get_by_text("Rank correlation 1.00")).to_be_visible()
    look(page, "scatter")
    assert faults(page, "scatter") == []
    page.get_by_text("Figures as a table").click()
    expect(page.get_by_role("link", name="run 7", exact=True)).to_be_visible()

    page.get_by_role("link", name="Parallel").click()
    page.get_by_text("Choose by ranges").click()
    slider = page.get_by_role("group", name="F1@10").get_by_label("from")
    slider.focus()
    slider.evaluate("(one) => { one.value = '80'; one.dispatchEvent(new Event('input', { bubbles: true })); }")
    expect(page.locator("[data-parallel-count]")).to_have_text("3")
    expect(page.get_by_role("link", name="Compare", exact=True).last).to_have_attribute("href", ids_of(runs[9:]))
    look(page, "parallel")
    assert faults(page, "parallel") == []
    page.get_by_role("link", name="Keep only these").click()
    expect(page.get_by_label("Query")).to_have_value("metrics.rated.f1_at_10 >= 0.5 and metrics.rated.f1_at_10 <= 0.6")
    expect(page.locator("[data-parallel-count]")).to_have_text("3")
    drag_along_the_first_axis(page)
    expect(page.locator("[data-parallel-count]")).not_to_have_text("3")
    page.get_by_role("button", name="Reset ranges").click()
    expect(page.locator("[data-parallel-count]")).to_have_text("3")

    page.get_by_role("link", name="Groups").click()
    expect(page.get_by_label("Query")).to_have_value("metrics.rated.f1_at_10 >= 0.5 and metrics.rated.f1_at_10 <= 0.6")
    chooser = page.get_by_role("combobox", name="Put together by")
    chooser.fill("Archit")
    chooser.press("Enter")
    page.get_by_role("button", name="Put together").click()
    expect(page.get_by_role("row", name="hybrid 2")).to_be_visible()
    look(page, "groups")
    assert faults(page, "groups") == []
    page.get_by_role("row", name="hybrid 2").get_by_role("link").click()
    expect(page.get_by_role("link", name="run 12", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="run 11", exact=True)).to_have_count(0)
    assert complaints == []


def ids_of(runs) -> str:
    """The address that compares these, the newest first."""
    return "/experiments/compare/?ids=" + "%2C".join(str(run.pk) for run in reversed(runs))


def drag_along_the_first_axis(page: Page) -> None:
    box = page.locator("[data-parallel-canvas]").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 56, box["y"] + box["height"] - 36)
    page.mouse.down()
    page.mouse.move(box["x"] + 56, box["y"] + box["height"] - 100, steps=4)
    page.mouse.up()


@pytest.mark.parametrize(("width", "theme"), [(360, "light"), (1440, "dark")])
def test_the_page_of_metrics_is_sound_narrow_and_wide(page: Page, site, runs, complaints, width, theme):  # noqa: F811
    site.person.theme = theme
    site.person.save()
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{site.url}/")
    page.keyboard.press("g")
    page.keyboard.press("f")
    expect(page.get_by_role("heading", name="Best of each dataset")).to_be_visible()
    look(page, f"metrics-{width}")
    assert faults(page, "metrics") == []
    if width == 360:
        for name in ("scatter", "parallel", "groups"):
            page.goto(f"{site.url}/experiments/{name}/")
            look(page, f"{name}-{width}")
            assert faults(page, name) == []
    assert complaints == []
