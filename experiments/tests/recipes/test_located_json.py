"""Where things stand in a manifest that people typed."""

from __future__ import annotations

import json

import pytest

from experiments.recipes.located_json import JsonMistake, read, write

TEXT = """{
  "family": "recommendation",
  "pipeline": {
    "training": {"architecture": "ease",
      "parameters": {"l2": 250.0}},
    "evaluation": {
      "metrics": {
        "rated.f1_at_10": {"minimum": 0.7},
        "rated": {"minimum": 1}
      },
      "list_lengths": [10,
        50]
    }
  }
}"""


@pytest.mark.parametrize(
    ("path", "line", "exact"),
    [
        ("family", 2, True),
        ("pipeline.training.architecture", 4, True),
        ("pipeline.training.parameters.l2", 5, True),
        ("pipeline.training.parameters.epochs", 5, False),
        ("pipeline.evaluation.metrics.rated.f1_at_10.minimum", 8, True),
        ("pipeline.evaluation.metrics.rated.minimum", 9, True),
        ("pipeline.evaluation.list_lengths.1", 12, True),
        ("pipeline.evaluation.list_lengths.7", 11, False),
        ("pipeline.deployment.schedule", 3, False),
        ("monitoring", 1, False),
    ],
)
def test_a_path_leads_to_its_line_or_to_what_is_around_it(path, line, exact):
    place = read(TEXT).place_of(path)
    assert (place.line, place.exact) == (line, exact)


def test_columns_count_from_one_and_line_ends_of_browsers_count_once():
    found = read('{\r\n  "a": {"b": [1,\r\n 22]}}')
    assert (found.place_of("a.b.1").line, found.place_of("a.b.1").column) == (3, 2)
    assert (found.place_of("a").line, found.place_of("a").column) == (2, 3)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "empty"),
        ("[]", 1, 1, "is an object"),
        ('{"a": 1\n "b": 2}', 2, 2, "a comma is missing"),
        ('{"a": 1,\n}', 2, 1, "no comma"),
        ('{"a": }', 1, 7, "a value is expected"),
        ('{"a" 1}', 1, 6, "a colon is expected"),
        ('{"a": 1} more', 1, 10, "nothing may follow"),
        ('{"a": "open}', 1, 7, "no closing double quote"),
        ('{"a": "two\nlines"}', 1, 11, "line break"),
        ('{"a": "\\q"}', 1, 8, "no escape"),
        ('{"a": 1,\n "a": 2}', 2, 2, "a is said twice"),
        ('{"a": NaN}', 1, 7, "no number that can be kept"),
        ('{"a": [-Infinity]}', 1, 8, "no number that can be kept"),
        ('{"a": 1e999}', 1, 7, "larger than any number"),
        ('{"a": "\\u0000"}', 1, 7, "cannot be stored"),
        ('{"\\ud800": 1}', 1, 2, "half a character"),
        ('{"a": ' + "9" * 5000 + "}", 1, 7, "too long"),
        ("[" * 5000, 1, 41, "deeper than 40 levels"),
        ('{"a": "' + "x" * 200_001 + '"}', 1, 1, "at most 200,000 characters"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(text, line, column, words):
    with pytest.raises(JsonMistake) as error:
        read(text)
    assert words in error.value.message
    assert (error.value.line, error.value.column) == (line, column)


def test_what_is_written_is_read_back():
    value = json.loads(TEXT)
    assert read(write(value)).value == value
    assert read(write({"note": "Größe \u2013 \U0001f600"})).value == {"note": "Größe \u2013 \U0001f600"}
