"""The form beside the text of a manifest: what it shows, and what it writes into the same text."""

from __future__ import annotations

import pytest

from experiments.forms.manifest_form import WAS, ManifestForm
from experiments.forms.manifest_paths import MISSING, value_at, value_of, with_value, without_value
from experiments.forms.manifest_writing import changed_fields, has_changes, written
from experiments.learning.families import Family
from experiments.learning.recommenders.registry import ARCHITECTURES

PARENT = {
    "family": "recommendation",
    "pipeline": {
        "training": {"architecture": "ease", "parameters": {"regularization": 300.0}},
        "evaluation": {"metrics": {"rated.f1_at_10": {"minimum": 0.7}}, "validation": {"method": "time"}},
        "deployment": {"auto_promote": True},
    },
}
EPOCHS = "pipeline.training.parameters.epochs"
METHOD = "pipeline.evaluation.validation.method"


def form_of(own, parent=None, family=Family.RECOMMENDATION, **more):
    return ManifestForm(own, PARENT if parent is None else parent, family, **more)


def posted(form, **changes):
    """What a browser sends of the form when nothing but ``changes`` was touched; None unticks a box."""
    boxes = {one.name for one in form.fields if one.kind is bool}
    data = {name: text for name, text in form.was.items() if name not in boxes or text == "true"}
    data[WAS] = form.was_text
    for name, text in changes.items():
        data.pop(name, None)
        if text is not None:
            data[name] = text
    return data


def shown(form, name):
    found = [one for section in form.sections for one in section.fields]
    found += [one for row in form.thresholds for one in row.fields]
    return next(one for one in found if one.bound.name == name)


@pytest.mark.parametrize("family", Family)
def test_every_family_has_a_form_that_changes_nothing_by_itself(family):
    form = form_of({}, {}, family)
    assert not has_changes(posted(form))
    assert written(form, posted(form)) == {}


@pytest.mark.parametrize("key", ARCHITECTURES)
def test_hyperparameters_are_those_of_the_architecture_with_its_defaults(key):
    form = form_of({"pipeline": {"training": {"architecture": key}}}, {})
    names = {one.path[-1] for one in form.parameters}
    assert names == set(ARCHITECTURES[key].parameters.model_fields)
    assert written(form, posted(form)) == form.own


def test_a_field_says_whether_this_level_says_it_what_is_inherited_or_the_default():
    form = form_of({"pipeline": {"evaluation": {"validation": {"method": "random"}}}})
    assert shown(form, METHOD).here
    assert shown(form, METHOD).inherited == "time"
    assert shown(form, METHOD).bound.value() == "random"
    parameter = shown(form, "pipeline.training.parameters.regularization")
    assert (parameter.here, parameter.is_default, parameter.bound.value()) == (False, False, "300")
    assert shown(form, "pipeline.deployment.max_latency_ms").is_default


def test_only_what_a_person_changed_is_written():
    form = form_of({})
    own = written(form, posted(form, **{METHOD: "random", "pipeline.deployment.max_latency_ms": "50"}))
    assert own == {
        "pipeline": {"evaluation": {"validation": {"method": "random"}}, "deployment": {"max_latency_ms": 50}}
    }


def test_the_inherited_value_an_empty_field_and_a_default_say_nothing():
    own = {"pipeline": {"evaluation": {"validation": {"method": "random", "test_share": 0.3}}}}
    form = form_of(own)
    share = "pipeline.evaluation.validation.test_share"
    assert written(form, posted(form, **{METHOD: "time", share: "0.2"})) == {}
    assert written(form, posted(form, **{METHOD: "time", share: ""})) == {}


def test_a_field_nobody_touched_never_overwrites_text_typed_since():
    old = form_of({})
    newer = form_of({"pipeline": {"deployment": {"max_latency_ms": 70}}})
    own = written(newer, posted(old, **{METHOD: "random"}))
    assert own["pipeline"]["deployment"] == {"max_latency_ms": 70}
    assert own["pipeline"]["evaluation"] == {"validation": {"method": "random"}}


def test_boxes_are_written_when_ticked_and_when_unticked():
    box = "pipeline.deployment.auto_promote"
    form = form_of({})
    own = written(form, posted(form, **{box: None}))
    assert own == {"pipeline": {"deployment": {"auto_promote": False}}}
    again = form_of(own)
    assert written(again, posted(again, **{box: "on"})) == {}


def test_another_architecture_takes_out_what_it_does_not_know():
    own = {"pipeline": {"training": {"parameters": {"regularization": 10.0}}}}
    form = form_of(own)
    changed = written(form, posted(form, **{"pipeline.training.architecture": "popularity"}))
    training = changed["pipeline"]["training"]
    assert training["architecture"] == "popularity"
    assert training["parameters"] == {"regularization": None}, "the inherited one is taken out by null"


def test_what_is_no_number_stays_as_it_was_typed():
    form = form_of({"pipeline": {"training": {"architecture": "hybrid"}}}, {})
    own = written(form, posted(form, **{EPOCHS: "ten"}))
    assert own["pipeline"]["training"]["parameters"] == {"epochs": "ten"}
    again = form_of(own, {}, problems={EPOCHS: "a whole number"})
    assert shown(again, EPOCHS).bound.value() == "ten"
    assert shown(again, EPOCHS).bound.errors == ["a whole number"]


def test_thresholds_are_added_changed_and_removed():
    form = form_of({})
    added = written(form, posted(form) | {"add.metric": "pointwise.rmse", "add.maximum": "1", "add.minimum": ""})
    metrics = added["pipeline"]["evaluation"]["metrics"]
    assert metrics == {"pointwise.rmse": {"maximum": 1}}
    form = form_of(added)
    assert [row.metric for row in form.thresholds] == ["rated.f1_at_10", "pointwise.rmse"]
    minimum = "pipeline.evaluation.metrics.rated.f1_at_10.minimum"
    changed = written(form, posted(form, **{minimum: "0.8"}))
    assert changed["pipeline"]["evaluation"]["metrics"]["rated.f1_at_10"] == {"minimum": 0.8}
    removed = written(form, posted(form) | {"remove:rated.f1_at_10": "on", "remove:pointwise.rmse": "on"})
    assert removed == {"pipeline": {"evaluation": {"metrics": {"rated.f1_at_10": None}}}}
    assert form_of(removed).thresholds == []


@pytest.mark.parametrize("bad", ["", "nonsense", "[]", "null", '{"a": 1}'])
def test_a_form_that_lost_what_it_showed_writes_nothing(bad):
    assert changed_fields({WAS: bad, METHOD: "random"}) in ({}, {"a": "x"})


def test_values_that_cannot_be_written_yet_stay_in_their_fields():
    form = form_of({}, typed={METHOD: "random", "pipeline.deployment.auto_promote": "false"})
    assert shown(form, METHOD).bound.value() == "random"
    assert shown(form, "pipeline.deployment.auto_promote").bound.value() is False
    assert form.was[METHOD] == "time"


def test_a_manifest_of_wrong_shapes_still_has_a_form():
    for own in ({"pipeline": 3}, {"pipeline": {"training": []}}, {"pipeline": {"evaluation": {"metrics": [1]}}}):
        form = form_of(own, {})
        assert written(form, posted(form, **{METHOD: "random"})) is not None


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("3", int, 3), ("-3", int, -3), ("3.5", float, 3.5), ("1e-3", float, 0.001), ("3.5", int, 3.5),
        ("1e999", float, "1e999"), ("NaN", float, "NaN"), ("1,000", int, "1,000"), ("007", int, "007"),
        (" x ", str, "x"),
    ],
)  # fmt: skip
def test_typed_values(text, kind, value):
    assert value_of(text, kind) == value
    assert type(value_of(text, kind)) is type(value)


def test_paths_leave_what_was_given_alone():
    given = {"a": {"b": 1}}
    assert with_value(given, ("a", "c"), 2) == {"a": {"b": 1, "c": 2}}
    assert with_value({"a": 3}, ("a", "c"), 2) == {"a": {"c": 2}}
    assert without_value(given, ("a", "b")) == {}
    assert without_value(given, ("x", "y")) == given
    assert value_at(given, ("a", "b", "c")) is MISSING
    assert given == {"a": {"b": 1}}
