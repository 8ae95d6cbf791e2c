"""How a file is to be read as a table of a family: which column is what, and the details of its text."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from experiments.learning.data.readers.options import ReadOptions, Separator
from experiments.learning.data.tables.times import TimeFormat
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles


class TableOptions(BaseModel):
    """Everything a person can decide about reading a table. None means: as detected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    family: Family
    roles: Roles | None = None
    encoding: str | None = Field(None, max_length=40)
    separator: Separator | None = None
    has_header: bool | None = None
    decimal: Literal[".", ","] = "."
    time_format: TimeFormat = "auto"

    @field_validator("encoding")
    @classmethod
    def known_encoding(cls, encoding: str | None) -> str | None:
        return ReadOptions(encoding=encoding).encoding

    @field_validator("family")
    @classmethod
    def tabular(cls, family: Family) -> Family:
        if not family.is_tabular:
            raise ValueError("recommendation learns from interactions, not from a table; import the file as those")
        return family

    def read_options(self) -> ReadOptions:
        """The part that the readers of text share with interactions."""
        return ReadOptions(encoding=self.encoding, separator=self.separator, has_header=self.has_header)


def is_table(options: dict[str, Any]) -> bool:
    """Whether the options of an import are those of a table."""
    return bool(options.get("family")) and options["family"] != Family.RECOMMENDATION.value
