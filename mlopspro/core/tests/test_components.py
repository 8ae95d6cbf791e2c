"""Each component through a real template: what it says, how it is named for screen readers, that texts are inert."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template, TemplateSyntaxError, engines
from django.test import RequestFactory
from lucide import IconDoesNotExist

from mlopspro.core.components.registry import REGISTRY
from mlopspro.core.toasts import Toast

ATTACK = "<img src=x onerror=alert(1)>\"'`{{ 7|add:7 }}"


def draw(source: str, **context: Any) -> str:
    return Template(source).render(Context(context))


def words(html: str) -> str:
    """The text of the markup, as somebody reads it, with single spaces."""
    text = re.sub(r"<(script|title)\b.*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", text.replace("\u202f", " ")).strip()


class SampleForm(forms.Form):
    epochs = forms.IntegerField(min_value=1, help_text="1 to 500.")
    notes = forms.CharField(required=False)
    biased = forms.BooleanField(required=False)
    split = forms.ChoiceField(choices=[("random", "Random"), ("time", "By time")], widget=forms.RadioSelect)
    dataset = forms.ChoiceField(choices=[("a", "A")])


def test_every_component_is_a_tag_with_a_template() -> None:
    libraries = engines["django"].engine.template_builtins  # type: ignore[attr-defined]
    for name, found in REGISTRY.items():
        assert any(name in library.tags for library in libraries)
        assert engines["django"].get_template(found.template)


def test_a_wrong_argument_is_named_with_what_is_accepted() -> None:
    with pytest.raises(TemplateSyntaxError, match=r"badge: .*'colour'.*it takes .*tone"):
        draw("{% badge colour='red' %}")


def test_a_part_outside_a_component_is_an_error() -> None:
    with pytest.raises(TemplateSyntaxError, match='fill "actions"'):
        draw('{% fill "actions" %}x{% endfill %}')


def test_parts_of_nested_components_stay_apart() -> None:
    html = draw(
        "{% card title='Outer' %}{% fill 'actions' %}outer{% endfill %}"
        "{% card title='Inner' %}{% fill 'actions' %}inner{% endfill %}text{% endcard %}{% endcard %}"
    )
    assert words(html) == "Outer outer Inner inner text"


TAKE_TEXT = (
    "{% badge label=x %}",
    "{% badge x %}",
    "{% delta 0.1 against=x unit=x %}",
    "{% ago None otherwise=x %}",
    "{% metric_value 1 unit=x title=x %}",
    "{% copy x what=x %}",
    "{% identifier x what=x href='/' %}",
    "{% code x title=x %}",
    "{% banner title=x %}{{ x }}{% endbanner %}",
    "{% empty title=x command=x %}{{ x }}{% endempty %}",
    "{% definitions facts %}",
    "{% timeline events %}",
    "{% diff x y before_label=x %}",
    "{% tile label=x value=x note=x unit=x %}{% endtile %}",
    "{% share_bar 0.5 label=x text=x %}",
    "{% sparkline values label=x %}",
    "{% button x confirm=x pending=x why_not=x %}",
    "{% button x icon_only=True href='/' %}",
    "{% action x '/' fields=fields confirm=x %}",
    "{% filter_bar chips=chips %}{{ x }}{% endfilter_bar %}",
    "{% dialog id='d' title=x %}{{ x }}{% enddialog %}",
    "{% drawer id='d' title=x %}{% enddrawer %}",
    "{% menu label=x %}{% endmenu %}",
    "{% column_picker columns %}",
    "{% card title=x note=x %}{% fill 'actions' %}{{ x }}{% endfill %}{% endcard %}",
    "{% table caption=x %}{% endtable %}",
    "{% sort_header x x title=x hint=x %}",
    "{% breadcrumb x '/' x %}",
    "{% tabs tabs x label=x %}",
    "{% stepper steps %}",
    "{% progress 0.5 label=x detail=x %}",
    "{% log_tail lines title=x note=x %}",
    "{% log_tail '' empty=x %}",
    "{% include 'components/toast.html' %}",
)


@pytest.mark.parametrize("source", TAKE_TEXT)
def test_no_text_becomes_markup(source: str) -> None:
    html = draw(
        source,
        x=ATTACK,
        y="other",
        values=[1, 2],
        facts=[(ATTACK, ATTACK)],
        fields={ATTACK: ATTACK},
        events=[{"at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "title": ATTACK, "text": ATTACK, "actor": ATTACK}],
        chips=[{"label": ATTACK, "remove": "?" + ATTACK}],
        columns=[{"key": ATTACK, "label": ATTACK, "shown": True}],
        tabs=[{"key": ATTACK, "label": ATTACK}],
        steps=[{"label": ATTACK, "state": "done", "note": ATTACK}],
        lines=[ATTACK],
        toast=Toast(ATTACK, "error", "/", ATTACK),
    )
    assert "<img" not in html
    assert ATTACK not in html
    assert "&lt;img" in html
    assert "14" not in words(html.split("onerror")[0])


def test_a_badge_takes_a_status_or_an_object_that_has_one() -> None:
    class Job:
        status_label, status_tone, status_icon, label = "Worker lost", "warning", "unplug", "no"

    assert words(draw("{% badge job %}", job=Job())) == "Worker lost"
    assert "tone-warning" in draw("{% badge job %}", job=Job())
    assert words(draw("{% badge status %}", status={"label": "Live", "tone": "good"})) == "Live"


def test_a_change_is_read_out_in_words() -> None:
    html = draw("{% delta -0.0123 better='lower' against='baseline' %}")
    assert words(html) == "▼ 0.012 down 0.012, better against baseline"
    assert "is-better" in html


def test_a_time_carries_utc_for_the_script_and_for_machines() -> None:
    when = dt.datetime(2026, 11, 21, 2, 5, 9, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    html = draw("{% ago when %}", when=when)
    assert 'datetime="2026-11-21T00:05:09Z"' in html


def test_a_tile_shows_full_precision_on_hover() -> None:
    html = draw("{% tile label='NDCG@10' value=v note='catalogue' %}{% endtile %}", v=0.3729123456)
    assert words(html) == "NDCG@10 catalogue 0.373"
    assert 'title="0.3729123456"' in html
    assert words(draw("{% tile label='Labels' value=None %}{% endtile %}")) == "Labels –"


def test_a_reference_bar_is_said_in_one_sentence() -> None:
    html = draw("{% reference_bar value=0.4 random=0.1 oracle=0.8 %}")
    label = re.search(r'role="img" aria-label="([^"]*)"', html)
    assert label is not None
    assert label[1].replace("\u202f", " ") == "0.400; random 0.100, oracle 0.800; 42.9 % of what is attainable"


def test_a_field_is_tied_to_its_help_unit_and_error() -> None:
    form = SampleForm({"epochs": "0"})
    html = draw("{% field form.epochs unit='epochs' %}", form=form)
    assert 'aria-describedby="id_epochs_help id_epochs_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'value="0"' in html  # what was typed is kept
    assert 'id="id_epochs_error"' in html
    assert words(html).startswith("Epochs epochs 1 to 500.")


def test_fields_say_when_they_are_optional_and_hints_replace_help() -> None:
    assert words(draw("{% field form.notes %}", form=SampleForm())) == "Notes optional"
    assert words(draw("{% field form.epochs hint='' %}", form=SampleForm())) == "Epochs"
    assert words(draw("{% field form.epochs hint='Any.' %}", form=SampleForm())) == "Epochs Any."


def test_choices_stand_in_a_group_and_boxes_beside_their_words() -> None:
    assert "<legend" in draw("{% field form.split %}", form=SampleForm())
    assert re.search(
        r'<label class="check" for="id_biased">\s*<input', draw("{% field form.biased %}", form=SampleForm())
    )
    assert "data-search-select" in draw("{% field form.dataset search=True %}", form=SampleForm())


def test_errors_of_a_form_lead_to_its_fields() -> None:
    form = SampleForm({"split": "random", "dataset": "a"})
    form.full_clean()
    form.add_error(None, "The queue is full.")
    html = draw("{% form_errors form %}", form=form)
    assert 'href="#id_epochs"' in html
    assert "The queue is full." in words(html)
    assert draw("{% form_errors form %}", form=SampleForm()) == ""


def test_buttons_say_why_they_are_off_and_icons_have_names() -> None:
    html = draw("{% button 'Promote' why_not='It loses to popularity.' %}")
    assert 'aria-disabled="true"' in html
    assert words(html) == "Promote : It loses to popularity."
    assert 'aria-label="Refresh"' in draw("{% button 'Refresh' icon='refresh-cw' icon_only=True %}")
    assert draw("{% button 'Open' href='/x/' %}").startswith("<a ")


def test_an_action_is_a_form_with_a_token_and_a_question() -> None:
    request = RequestFactory().get("/")
    html = (
        engines["django"]
        .from_string("{% action 'Stop' '/stop/' kind='danger' confirm='Stop this run?' confirm_action='Stop run' %}")
        .render({}, request)
    )
    assert "csrfmiddlewaretoken" in html
    assert 'data-confirm="Stop this run?" data-confirm-action="Stop run" data-confirm-danger' in html


def test_the_order_of_a_table_is_in_the_address_and_turns_round() -> None:
    request = RequestFactory().get("/runs/?q=a&page=3&sort=-f1")
    source = "{% sort_header 'F1' 'f1' sort=sort numeric=True %}"
    html = engines["django"].from_string(source).render({"sort": "-f1"}, request)
    assert 'aria-sort="descending"' in html
    assert 'href="?q=a&amp;sort=f1"' in html
    other = engines["django"].from_string(source).render({"sort": "name"}, request)
    assert 'aria-sort="none"' in other
    assert 'href="?q=a&amp;sort=-f1"' in other


def test_pages_keep_the_filter_and_say_where_one_is() -> None:
    request = RequestFactory().get("/runs/?q=a")
    page = Paginator(range(2340), 50).get_page(3)
    html = engines["django"].from_string("{% pagination page noun='runs' %}").render({"page": page}, request)
    assert "101–150 of 2 340 runs" in words(html)
    assert 'href="?q=a&amp;page=2"' in html
    assert 'aria-label="Page 3" aria-current="page"' in html


def test_tabs_live_in_the_address() -> None:
    request = RequestFactory().get("/run/?x=1&tab=log")
    items = [{"key": "log", "label": "Log"}, {"key": "metrics", "label": "Metrics", "count": 0}]
    html = engines["django"].from_string("{% tabs items 'log' %}").render({"items": items}, request)
    assert 'href="?x=1&amp;tab=log" aria-current="page"' in html
    assert 'href="?x=1&amp;tab=metrics"' in html
    assert words(html) == "Log Metrics 0"


def test_progress_has_its_share_and_the_time_left() -> None:
    html = draw("{% progress 0.3 label='Epoch 3/10' eta=eta %}", eta=dt.timedelta(seconds=72))
    assert words(html).replace("\u00a0", " ") == "Epoch 3/10 30 % · 1 m 12 s left"
    assert 'value="0.3"' in html
    assert "value=" not in draw("{% progress label='Evaluating' %}")


def test_a_log_line_carries_its_level_and_an_empty_log_says_so() -> None:
    html = draw("{% log_tail lines %}", lines=[{"text": "gradient is clipped", "level": "WARNING"}])
    assert "log-line is-warning" in html
    assert "Nothing logged yet." in words(draw("{% log_tail '' %}"))


def test_icons_need_no_style_and_stay_silent_without_a_label() -> None:
    html = draw("{% icon 'play' %}")
    assert 'aria-hidden="true"' in html
    assert "style=" not in html
    assert draw("{% icon 'play' label=x %}", x='"><script>').count("<script") == 0


def test_an_unknown_icon_is_named() -> None:
    with pytest.raises(IconDoesNotExist, match="no-such-icon"):
        draw("{% icon 'no-such-icon' %}")
