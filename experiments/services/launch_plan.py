"""From what was asked to what a run will be: dataset, architecture, typed parameters, split, preparation.

Everything wrong is found at once and said field by field; nothing is written here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from experiments.learning import architectures
from experiments.learning.architectures import AnyArchitecture
from experiments.learning.families import Family
from experiments.learning.tabular.base import Roles
from experiments.models import Dataset, Experiment, RegisteredModel, RunType
from experiments.services import datasets, evaluated, launch_fits, launch_limits, recipe_plan
from experiments.services.default_split import default_split
from experiments.services.recipe_plan import RecipePlan
from experiments.services.spec import BACKTEST_METHOD, LaunchSpec, Problem, Refused, SplitChoice, problems_of
from mlopspro.accounts.models import User, Workspace


@dataclass(frozen=True)
class Plan:
    """What a run will be. ``further`` is what else decides its numbers, for its hashes."""

    dataset: Dataset
    architecture: AnyArchitecture
    parameters: dict[str, Any]
    split: dict[str, Any]
    seed: int
    preparation: dict[str, Any] = field(default_factory=dict)
    evaluates: Experiment | None = None
    recipe: RecipePlan | None = None
    register_as: RegisteredModel | None = None
    further: dict[str, Any] = field(default_factory=dict)


def plan(workspace: Workspace, spec: LaunchSpec, actor: User | None) -> Plan:
    """Raises Refused with every problem found."""
    recipe = recipe_plan.plan_of(workspace, spec.recipe_version, actor) if spec.recipe_version else None
    return _Planner(workspace, spec, recipe, evaluated.find(workspace, spec)).plan()


class _Planner:
    """Gathers problems while it puts a plan together."""

    def __init__(
        self, workspace: Workspace, spec: LaunchSpec, recipe: RecipePlan | None, evaluated: Experiment | None
    ) -> None:
        self.workspace = workspace
        self.spec = spec
        self.recipe = recipe
        self.evaluated = evaluated
        self.problems: list[Problem] = []

    def plan(self) -> Plan:
        dataset = self._dataset()
        architecture = self._architecture(dataset)
        parameters = self._parameters(architecture) if architecture else {}
        split = self._split(dataset)
        preparation = self._preparation(dataset)
        register_as = self._register_as(dataset)
        if dataset is not None and architecture is not None:
            roles = Roles.model_validate(preparation.get("roles") or dataset.roles or {}) if dataset.is_table else None
            self.problems += launch_fits.misfits(dataset, architecture, split, roles, RunType(self.spec.run_type))
            self.problems += launch_limits.too_much(
                dataset, architecture, parameters, self.spec.processes, RunType(self.spec.run_type)
            )
            if self.evaluated is not None and (why := evaluated.why_not_on(self.evaluated, dataset)):
                self._add("dataset", why)
        if self.problems or dataset is None or architecture is None:
            raise Refused(self.problems)
        return Plan(
            dataset=dataset,
            architecture=architecture,
            parameters=parameters,
            split=split.stored(of_table=dataset.is_table),
            seed=self._seed(),
            preparation=preparation,
            evaluates=self.evaluated,
            recipe=self.recipe,
            register_as=register_as,
            further=self._further(preparation),
        )

    def _dataset(self) -> Dataset | None:
        found = Dataset.objects.filter(workspace=self.workspace, pk=self.spec.dataset, deleted_at__isnull=True).first()
        if found is None:
            self._add("dataset", f"there is no dataset {self.spec.dataset} in this workspace")
        elif self.recipe is not None and self.recipe.manifest.family != found.family:
            wanted = self.recipe.manifest.family.label.lower()
            self._add(
                "dataset",
                f"{self.recipe.name} is for {wanted}; {found.name} is data of {Family(found.family).label.lower()}",
            )
        return found

    def _architecture(self, dataset: Dataset | None) -> AnyArchitecture | None:
        key = self.spec.architecture
        if self.evaluated is not None:
            key = self._fixed("architecture", key, self.evaluated.architecture, str(self.evaluated))
        elif self.recipe is not None:
            said = self.recipe.manifest.pipeline.training.architecture
            key = self._fixed("architecture", key, said, self.recipe.name)
        family = Family(dataset.family) if dataset else Family.RECOMMENDATION
        known = architectures.ARCHITECTURES_OF[family]
        found = architectures.find(key or launch_fits.usual_architecture(family))
        if found is None:
            self._add("architecture", f"{key!r} is not known; accepted: {', '.join(known)}")
        return found

    def _parameters(self, architecture: AnyArchitecture) -> dict[str, Any]:
        """Typed. What a recipe or the evaluated run says may be repeated, not changed."""
        base, by = dict[str, Any](), ""
        if self.evaluated is not None:
            base, by = self.evaluated.parameters, str(self.evaluated)
        elif self.recipe is not None:
            base, by = self.recipe.manifest.pipeline.training.parameters, self.recipe.name
        try:
            found = architecture.validate(base | self.spec.parameters)
            fixed = architecture.validate(base) if by else found
        except ValidationError as error:
            self.problems += problems_of(error, "parameters.")
            return {}
        # Every field, not only those that are stored: some are left out under the values of others.
        for name in type(found).model_fields:
            self._fixed(f"parameters.{name}", getattr(found, name), getattr(fixed, name), by)
        return fixed.model_dump(mode="json")

    def _split(self, dataset: Dataset | None) -> SplitChoice:
        usual = default_split(dataset, RunType(self.spec.run_type)) if dataset else SplitChoice()  # type: ignore[call-arg]
        if self.evaluated is not None and dataset is not None:
            if self.evaluated.trained_on.family == dataset.family and self.spec.split is None:
                return evaluated.split_like(self.evaluated, dataset, usual)
        elif dataset is not None and datasets.lineage(dataset) and self.spec.split is not None:
            # Of a retraining: its holdout is the newest part, however the recipe divides other data.
            return self.spec.split
        elif self.recipe is not None and dataset is not None:
            said = self.recipe.split(usual)
            if self.spec.run_type == "backtest":
                said = said.model_copy(update={"method": BACKTEST_METHOD})
            if self.spec.split is not None:
                given = self.spec.split.stored(of_table=dataset.is_table)
                for name, value in said.stored(of_table=dataset.is_table).items():
                    self._fixed(f"split.{name}", given.get(name, value), value, self.recipe.name)
            return said
        return self.spec.split or usual

    def _seed(self) -> int:
        if "seed" in self.spec.model_fields_set:
            return self.spec.seed
        if self.evaluated is not None:
            return self.evaluated.seed
        return self.recipe.manifest.pipeline.training.seed if self.recipe else self.spec.seed

    def _preparation(self, dataset: Dataset | None) -> dict[str, Any]:
        if self.evaluated is not None:
            found = dict(self.evaluated.preparation)
            if dataset is not None and dataset.is_table:
                found["roles"] = found.get("roles") or self.evaluated.trained_on.roles
            return self._with_roles(dataset, found)
        return self._with_roles(dataset, self.recipe.preparation() if self.recipe else {})

    def _with_roles(self, dataset: Dataset | None, found: dict[str, Any]) -> dict[str, Any]:
        """Roles are kept where they are not those that the dataset has anyway."""
        if self.spec.roles is not None:
            if dataset is not None and not dataset.is_table:
                self._add("roles", f"{dataset.name} is interactions; roles are of tables")
            found = found | {"roles": self.spec.roles.model_dump(mode="json")}
        if dataset is not None and "roles" in found:
            own = Roles.model_validate(dataset.roles or {})
            if Roles.model_validate(found["roles"]) == own:
                found = {name: value for name, value in found.items() if name != "roles"}
        return found

    def _register_as(self, dataset: Dataset | None) -> RegisteredModel | None:
        if self.spec.register_as is None:
            if self.spec.auto_promote:
                self._add("auto_promote", "only a version can be promoted: say as which model to register the run")
            return None
        if self.spec.run_type != "train":
            self._add("register_as", "only training runs can be registered")
        found = RegisteredModel.objects.filter(
            workspace=self.workspace, pk=self.spec.register_as, archived_at__isnull=True
        ).first()
        if found is None:
            self._add("register_as", f"there is no model {self.spec.register_as} in this workspace")
        elif dataset is not None and found.family != dataset.family:
            self._add(
                "register_as", f"{found.name} is a model of {Family(found.family).label.lower()}, not of this data"
            )
        return found

    def _further(self, preparation: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {"preparation": preparation} if preparation else {}
        if self.spec.run_type != "train":
            found["run_type"] = self.spec.run_type
        if self.evaluated is not None:
            found["evaluates"] = str(self.evaluated.pk)
        return found

    def _fixed(self, name: str, given: Any, said: Any, by: str) -> Any:
        if given not in ("", None) and given != said:
            self._add(name, f"{by} says {said}, so it cannot be {given}; leave it out")
        return said

    def _add(self, name: str, message: str) -> None:
        self.problems.append(Problem(name, message))
