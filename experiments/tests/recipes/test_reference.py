"""docs/recipes.md says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from experiments.learning.families import Family
from experiments.recipes.baselines import baselines
from experiments.recipes.family_rules import methods_of
from experiments.recipes.metric_keys import SIGNALS
from experiments.recipes.reference import reference
from experiments.recipes.schema import walked

DOCUMENT = (Path(__file__).parents[3] / "docs" / "recipes.md").read_text(encoding="utf-8")


def test_the_reference_is_the_schemas_own():
    assert reference() in DOCUMENT, "python -m experiments.recipes.reference prints what belongs there"


def test_every_field_says_what_it_is():
    silent = [path for path, field in walked() if not field.description and "`" + ".".join(path) + "`" in reference()]
    assert silent == []


def test_signals_methods_and_baselines_are_those_of_the_code():
    for signal in SIGNALS:
        assert f"`{signal}`" in DOCUMENT
    table = DOCUMENT[DOCUMENT.index("| family | validation methods") :]
    for family in Family:
        row = re.search(rf"^\|.*\b{family.value}\b.*\|(.*)\|$", table, re.MULTILINE)
        assert ("auto", *re.split(r", ", row.group(1).strip())) == methods_of(family)
    for item in baselines():
        said = item.manifest["pipeline"]
        words = f"| {item.family.value} | `{said['training']['architecture']}` |.*`{said['evaluation']['headline']}` |"
        assert re.search(words.replace("|", r"\|"), DOCUMENT)
