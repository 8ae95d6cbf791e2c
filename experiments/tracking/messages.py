"""What a tracker can be told, as records that go through the outbox's JSON unchanged.

A message says everything that its delivery needs, times included, so that delivering it twice has the effect of once.
Numbers that are not finite travel as None: JSON has no NaN.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter

Scalar = str | bool | int | float | None
EndStatus = Literal["completed", "failed", "cancelled"]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_inf_nan="null")

    at: AwareDatetime
    """When it happened, UTC."""


class DatasetInput(BaseModel):
    """The snapshot a run reads: its name and the SHA-256 of its content."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    digest: str
    source: str


class Open(_Message):
    """The run exists. Parameters are what it was asked to do and never change; tags may be set again."""

    kind: Literal["open"] = "open"
    name: str
    group: str
    person: str = ""
    notes: str = ""
    params: dict[str, Any] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)
    labels: tuple[str, ...] = ()
    dataset: DatasetInput | None = None


class Start(_Message):
    """An attempt begins to fit: what is known only then."""

    kind: Literal["start"] = "start"
    params: dict[str, Any] = Field(default_factory=dict)
    tags: dict[str, str] = Field(default_factory=dict)


class Epoch(_Message):
    """The figures of one epoch (1-based)."""

    kind: Literal["epoch"] = "epoch"
    epoch: int = Field(ge=0)
    values: dict[str, float | None]


class Metrics(_Message):
    """Final figures, under the epoch they belong to."""

    kind: Literal["metrics"] = "metrics"
    step: int = Field(default=0, ge=0)
    values: dict[str, float | None]


class File(BaseModel):
    """A file below the data root, by a path that the server made."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    path: str
    sha256: str
    size_bytes: int


class Artifacts(_Message):
    kind: Literal["artifacts"] = "artifacts"
    files: tuple[File, ...]


class End(_Message):
    kind: Literal["end"] = "end"
    status: EndStatus
    reason: str = ""


class Reopen(_Message):
    """A run that had ended is queued again."""

    kind: Literal["reopen"] = "reopen"


Message = Open | Start | Epoch | Metrics | Artifacts | End | Reopen
_ADAPTER: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])


def to_payload(message: Message) -> dict[str, Any]:
    """JSON-able form; ``from_payload`` is its inverse."""
    return message.model_dump(mode="json")


def from_payload(payload: dict[str, Any]) -> Message:
    """The message, or pydantic.ValidationError (a ValueError) naming the field that is wrong."""
    return _ADAPTER.validate_python(payload)


def milliseconds(at: dt.datetime) -> int:
    """Unix milliseconds, as trackers count time."""
    return round(at.timestamp() * 1000)
