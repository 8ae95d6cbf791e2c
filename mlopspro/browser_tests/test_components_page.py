"""Every component in every state in a real browser: axe, console, keyboard, live charts, no scripts at all."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from mlopspro.testing.people import browser as signed_in_browser
from mlopspro.testing.people import make_member, make_workspace

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("MLOPSPRO_SCREENSHOTS", "")
"""Where somebody who wants to look at the page has it pictured."""
PATH = "/dev/components/"
LOSS = 'Chart.getChart(document.querySelector("#chart-loss canvas"))'


@pytest.fixture
def person():
    return make_member(make_workspace(), name="Ada", is_staff=True)


@pytest.fixture
def cookie(live_server, person):
    session = signed_in_browser(person).cookies[settings.SESSION_COOKIE_NAME].value
    return {"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}


@pytest.fixture
def complaints(page: Page):
    """What the browser's console says; the page must give it no reason, the strict CSP included."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.fixture
def components(page: Page, live_server, cookie) -> Page:
    page.context.add_cookies([cookie])
    page.goto(live_server.url + PATH)
    expect(page.get_by_role("heading", name="Components", level=1)).to_be_visible()
    return page


@pytest.mark.parametrize(("width", "theme"), [(1440, "dark"), (1440, "light"), (360, "dark"), (360, "light")])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(page, live_server, cookie, person, complaints, width, theme):
    person.theme = theme
    person.save()
    page.set_viewport_size({"width": width, "height": 900})
    page.context.add_cookies([cookie])
    page.goto(live_server.url + PATH)
    assert page.locator("html").get_attribute("data-theme") == theme
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"components-{width}-{theme}.png"), full_page=True)
    found = Axe().run(page).response["violations"]
    assert [f"{item['id']}: {node['html'][:160]}" for item in found for node in item["nodes"]] == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert complaints == []


def test_open_dialogs_are_sound_and_give_the_focus_back(components: Page, complaints):
    for opener in ("Open a dialog", "Open a drawer"):
        components.get_by_role("button", name=opener).click()
        dialog = components.locator("dialog[open]")
        expect(dialog).to_be_visible()
        # Colours count once they have faded in.
        components.wait_for_timeout(500)
        assert Axe().run(components).response["violations"] == []
        components.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(components.get_by_role("button", name=opener)).to_be_focused()
    assert complaints == []


def test_a_dangerous_act_asks_first(components: Page):
    requests: list[str] = []
    components.on("request", lambda request: requests.append(request.method))
    components.get_by_role("button", name="Delete", exact=True).first.click()
    dialog = components.get_by_role("dialog", name="Delete this run? It can be brought back.")
    dialog.get_by_role("button", name="Cancel").click()
    assert "POST" not in requests
    components.get_by_role("button", name="Delete", exact=True).first.click()
    with components.expect_request(lambda request: request.method == "POST"):
        dialog.get_by_role("button", name="Delete run").click()


def test_new_figures_go_into_the_chart_that_is_there(components: Page, complaints):
    """The canvas, a hidden series and a zoomed view outlive the fragment's exchange."""
    components.evaluate(f"window.before = {LOSS}")
    components.locator("#chart-loss").get_by_role("button", name="Validation").click()
    canvas = components.locator("#chart-loss canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    components.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 80)
    components.mouse.down()
    components.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 120, steps=4)
    # A poll while the hand is still dragging waits for the next turn.
    components.evaluate('document.querySelector("#next-epoch").click()')
    components.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 160, steps=4)
    components.mouse.up()
    expect(components.get_by_role("button", name="Reset zoom")).to_be_visible()
    view = components.evaluate(f"[{LOSS}.scales.x.min, {LOSS}.scales.x.max]")
    components.get_by_role("link", name="Add an epoch").click()
    expect(components.get_by_text("Epoch 7. New figures")).to_be_visible()
    for _ in range(50):  # asked from outside: the page's policy forbids it to evaluate strings by itself
        if components.evaluate(f"{LOSS}.data.datasets[0].data.length") == 7:
            break
        components.wait_for_timeout(100)
    assert components.evaluate(f"{LOSS} === window.before")
    assert components.evaluate(f"{LOSS}.data.datasets.map((one) => [one.label, one.data.length, one.hidden])") == [
        ["Training", 7, False],
        ["Validation", 7, True],
    ]
    assert components.evaluate(f"[{LOSS}.scales.x.min, {LOSS}.scales.x.max]") == pytest.approx(view)
    components.get_by_role("button", name="Reset zoom").click()
    assert components.evaluate(f"[{LOSS}.scales.x.min, {LOSS}.scales.x.max]") == [1, 7]
    assert complaints == []


@pytest.mark.parametrize("weight", [0.0, 0.6, 0.99])
def test_smoothing_is_the_average_without_bias(components: Page, weight: float):
    """Oracle: pandas' exponentially weighted mean with adjust=True, which weighs by (1 - alpha)^age and normalises."""
    values = [1.9, 1.2, 1.4, 0.8, 0.9, 0.7]
    found = components.evaluate(
        "([values, weight]) => mlopsCharts.smoothed(values.map((y, x) => ({ x, y })), weight).map(({ y }) => y)",
        [values, weight],
    )
    assert found == pytest.approx(pd.Series(values).ewm(alpha=1 - weight, adjust=True).mean().tolist())


def test_the_raw_curve_stays_pale_behind_the_smooth_one(components: Page):
    components.locator("#chart-loss").get_by_role("slider").fill("0.6")
    labels = components.evaluate(f"{LOSS}.data.datasets.map((one) => one.label)")
    assert labels == ["Training", "Training (raw)", "Validation", "Validation (raw)"]


def test_figures_come_as_a_file_that_no_spreadsheet_executes(components: Page):
    with components.expect_download() as waiting:
        components.evaluate(
            """() => {
              const figure = document.querySelector("#chart-loss");
              const script = figure.querySelector("script");
              const payload = JSON.parse(script.textContent);
              payload.series[0].name = '=HYPERLINK("x")';
              script.textContent = JSON.stringify(payload);
              figure.querySelector('[data-chart-act="csv"]').click();
            }"""
        )
    rows = Path(waiting.value.path()).read_text().splitlines()
    assert waiting.value.suggested_filename == "loss.csv"
    assert rows[0] == "series,Epoch,Mean squared error"
    assert rows[1].startswith('"\'=HYPERLINK(""x"")",1,1.')


def test_the_keyboard_moves_searches_and_lists_its_keys(components: Page):
    components.keyboard.press("?")
    expect(components.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    components.keyboard.press("Escape")
    components.keyboard.press("j")
    components.keyboard.press("j")
    components.keyboard.press("x")
    expect(components.locator("input[name=run]:checked")).to_have_value("2")
    components.keyboard.press("k")
    components.keyboard.press("Control+k")
    search = components.locator("#filter-q")
    expect(search).to_be_focused()
    components.keyboard.type("?jx[gs")
    expect(search).to_have_value("?jx[gs")
    expect(components.locator("dialog[open]")).to_have_count(0)
    components.evaluate("document.activeElement.blur()")
    components.keyboard.press("g")
    components.keyboard.press("s")
    components.wait_for_url("**/settings/**")


def test_the_first_key_press_reaches_the_skip_link(components: Page):
    components.keyboard.press("Tab")
    expect(components.get_by_role("link", name="Skip to content")).to_be_focused()
    components.keyboard.press("Enter")
    expect(components.locator("#content")).to_be_focused()


def test_the_theme_changes_at_once_and_is_remembered(components: Page, person):
    components.locator(".nav-person summary").click()
    with components.expect_response("**/settings/theme/"):
        components.get_by_role("button", name="Light theme").click()
    expect(components.locator("html")).to_have_attribute("data-theme", "light")
    components.reload()
    expect(components.locator("html")).to_have_attribute("data-theme", "light")
    person.refresh_from_db()
    assert person.theme == "light"


def test_a_select_is_searched_and_stays_the_forms_value(components: Page):
    box = components.get_by_role("combobox", name="Dataset").first
    box.click()
    box.fill("1m")
    components.keyboard.press("Enter")
    expect(box).to_have_value("MovieLens 1M")
    expect(components.locator("#id_dataset").first).to_have_value("ml-1m")
    box.click()
    components.keyboard.press("Escape")
    expect(components.get_by_role("listbox")).to_have_count(0)


def test_messages_are_shown_once_and_errors_stay_until_closed(components: Page, live_server):
    components.clock.install()
    components.goto(f"{live_server.url}{PATH}?toast=1")
    good = components.locator(".toast", has_text="Queued as experiment")
    bad = components.locator(".toast", has_text="3 columns are missing")
    expect(good.get_by_role("link", name="Open")).to_have_attribute("href", "/")
    components.clock.run_for(60_000)
    expect(good).to_have_count(0)
    expect(bad).to_be_visible()
    bad.get_by_role("button", name="Close message").click()
    expect(bad).to_have_count(0)


def test_a_request_that_fails_says_so(components: Page):
    components.route("**/dev/components/?epochs=*", lambda route: route.fulfill(status=503, body="no"))
    components.get_by_role("link", name="Add an epoch").click()
    expect(components.get_by_role("alert").filter(has_text="The database does not answer")).to_be_visible()


def test_times_read_the_same_with_and_without_scripts(components: Page, browser: Browser, live_server, cookie):
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([cookie])
    plain = context.new_page()
    plain.goto(live_server.url + PATH)
    steady = "time[data-ago]:has-text('2')"  # those of two hours ago; younger ones change while the test runs
    wanted = [text for text in plain.locator(steady).all_inner_texts() if "h ago" in text]
    assert wanted
    assert [text for text in components.locator(steady).all_inner_texts() if "h ago" in text] == wanted
    context.close()


def test_the_drawer_of_narrow_screens_opens_closes_and_works_without_scripts(browser, live_server, cookie):
    for scripts in (True, False):
        context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=scripts)
        context.add_cookies([cookie])
        page = context.new_page()
        page.goto(live_server.url + PATH)
        navigation = page.get_by_role("navigation", name="Main")
        expect(navigation).to_be_hidden()
        page.locator("[data-nav-open]").click()
        expect(navigation).to_be_visible()
        page.locator("#navigation [data-nav-close]").click()
        expect(navigation).to_be_hidden()
        context.close()


def test_folding_the_navigation_is_remembered_by_the_next_page(components: Page):
    components.get_by_role("button", name="Fold navigation").click()
    components.reload()
    expect(components.locator("html")).to_have_attribute("data-nav", "folded")
    assert components.locator("#navigation").bounding_box()["width"] < 64
    expect(components.get_by_role("link", name="Settings")).to_be_visible()


def test_nobody_else_sees_the_page(page: Page, live_server):
    assert page.goto(live_server.url + PATH).status == 404
