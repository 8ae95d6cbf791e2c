"""MLflow's model registry as a mirror of ours: registered models, versions with their source run, aliases.

Every call can be repeated. A model is found again by a tag with our id before one is made, also where somebody renamed
it there; a version by a tag with its id. Names that others use there are left to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from experiments.tracking.mlflow_errors import EXISTS, NOT_FOUND, code_of
from experiments.tracking.protocol import RunGone

MODEL_TAG = "mlopspro.model_id"
VERSION_TAG = "mlopspro.version_id"
NUMBER_TAG = "mlopspro.version"
STATUS_TAG = "status"
ACTIVE, INACTIVE = "active", "inactive"


class SourceGone(RunGone):
    """The run that a version came from has to be told again first."""


@dataclass(frozen=True)
class ModelRef:
    """A model of ours. ``name`` is what it is to be called there, ``other_name`` where others have that name."""

    model_id: str
    name: str
    other_name: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VersionRef:
    """A version of ours. ``run_id`` is its run's in MLflow, empty where the run is not mirrored there."""

    version_id: str
    number: str
    run_id: str
    source: str
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """The model as MLflow has it; ``new`` where it was made just now."""

    name: str
    new: bool


class MlflowRegistry:
    """Through MLflow's client. Raises the client's own errors; callers wrap calls in ``as_tracker_errors``."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def ensure_model(self, model: ModelRef) -> Found:
        """The registered model, made where it is missing and renamed where it is called otherwise."""
        known = self.client.search_registered_models(_tagged(MODEL_TAG, model.model_id), max_results=10)
        if not known:
            return Found(self._made(model), new=True)
        name = str(known[0].name)
        if name not in (model.name, model.other_name):
            name = self._renamed(name, model)
        return Found(name, new=False)

    def describe(self, name: str, model: ModelRef) -> None:
        """Description and tags as they are now; tags of others stay."""
        self.client.update_registered_model(name, model.description)
        for key, value in model.tags.items():
            self.client.set_registered_model_tag(name, key, value)

    def ensure_version(self, name: str, version: VersionRef) -> str:
        """MLflow's number of the version."""
        known = self.version(name, version.version_id)
        if known is not None:
            return str(known.version)
        tags = {VERSION_TAG: version.version_id, NUMBER_TAG: version.number, **version.tags}
        source = version.source
        if version.run_id:
            # Where the run's files are; MLflow refuses a source outside of them.
            source = self._artifacts_of(version.run_id)
        made = self.client.create_model_version(
            name,
            source,
            run_id=version.run_id or None,
            tags=tags,
            description=version.description,
            await_creation_for=0,
        )
        return str(made.version)

    def set_alias(self, name: str, alias: str, version: VersionRef) -> None:
        """Gives the alias to this version. The champion's run is marked active there, the one before no longer."""
        number = self.ensure_version(name, version)
        if alias == "champion":
            before = self._holder(name, alias)
            if before is not None and before.run_id and before.run_id != version.run_id:
                self.client.set_tag(before.run_id, STATUS_TAG, INACTIVE)
            if version.run_id:
                self.client.set_tag(version.run_id, STATUS_TAG, ACTIVE)
        self.client.set_registered_model_alias(name, alias, number)

    def delete_alias(self, name: str, alias: str) -> None:
        before = self._holder(name, alias)
        if before is None:
            return
        if alias == "champion" and before.run_id:
            self.client.set_tag(before.run_id, STATUS_TAG, INACTIVE)
        self.client.delete_registered_model_alias(name, alias)

    def version(self, name: str, version_id: str) -> Any:
        """MLflow's version with our id, or None."""
        query = f"name = '{_quoted(name)}' and {_tagged(VERSION_TAG, version_id)}"
        found = self.client.search_model_versions(query, max_results=10)
        return min(found, key=lambda one: int(one.version), default=None)

    def _artifacts_of(self, run_id: str) -> str:
        try:
            return str(self.client.get_run(run_id).info.artifact_uri)
        except Exception as error:
            if code_of(error) == NOT_FOUND:
                raise SourceGone("MLflow does not know the run of this version any more") from error
            raise

    def _holder(self, name: str, alias: str) -> Any:
        try:
            return self.client.get_model_version_by_alias(name, alias)
        except Exception as error:
            if code_of(error) in (NOT_FOUND, "INVALID_PARAMETER_VALUE"):
                return None
            raise

    def _made(self, model: ModelRef) -> str:
        tags = {MODEL_TAG: model.model_id, **model.tags}
        for name in (model.name, model.other_name):
            try:
                self.client.create_registered_model(name, tags=tags, description=model.description)
            except Exception as error:
                if code_of(error) != EXISTS or name == model.other_name:
                    raise
            else:
                return name
        raise AssertionError("unreachable")

    def _renamed(self, old: str, model: ModelRef) -> str:
        for name in (model.name, model.other_name):
            try:
                self.client.rename_registered_model(old, name)
            except Exception as error:
                if code_of(error) != EXISTS:
                    raise
            else:
                return name
        return old


def _tagged(tag: str, value: str) -> str:
    return f"tags.`{tag}` = '{_quoted(value)}'"


def _quoted(text: str) -> str:
    return text.replace("'", "''")
