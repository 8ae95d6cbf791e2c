"""Drives one search on, under a lock on its row: Optuna and our rows are made to agree, then what is due is launched.

Nothing is kept in memory between two rounds, and every step may be repeated. Of a process that is killed

- after Optuna has been asked and before the run is launched: the trial is running in Optuna and has no run here; the
  next round launches it with the values that were drawn;
- before the lock's transaction commits: the same, as the run was not committed;
- after a trial has ended and before Optuna is told: the next round tells it.

Should Optuna's tables be lost, trials are entered again from our rows. A trial's number is Optuna's, and numbers are
unique in a search, so no more than ``trials`` are ever run.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import optuna
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from optuna.trial import FrozenTrial, TrialState

from experiments.jobs import lifecycle
from experiments.learning.search.space import Space, Value
from experiments.models import Experiment, FailureKind, JobStatus, Search
from experiments.services import launch, search_study
from experiments.services.search_space_of import space_of
from experiments.services.search_trials import Outcome, TrialRow, trials_of
from experiments.services.spec import LaunchSpec, Refused, SplitChoice, TooMany
from mlopspro.accounts.permissions import Action, can

FIRST_FAILURES = 5
"""A search whose first trials all fail is stopped after so many: it will not get better by itself."""
STATES = {
    Outcome.COMPLETED: TrialState.COMPLETE,
    Outcome.PRUNED: TrialState.PRUNED,
    Outcome.FAILED: TrialState.FAIL,
}


def advance(search: Search) -> Search:
    with transaction.atomic():
        # Who comes while another is at it goes away again: the next bell or sweep does what is left.
        rows = Search.objects.select_for_update(of=("self",), skip_locked=True)
        locked = rows.select_related("dataset", "workspace", "created_by").filter(pk=search.pk).first()
        if locked is None or locked.status != JobStatus.RUNNING:
            return locked or search
        try:
            space = space_of(locked)
        except ValueError as error:
            return _end(locked, JobStatus.FAILED, f"Its space does not hold any more: {error}.")
        with search_study.opened(locked) as study:
            _Round(locked, space, study, trials_of(locked)).drive()
    return locked


@dataclass
class _Round:
    search: Search
    space: Space
    study: optuna.Study
    trials: list[TrialRow]
    launched: set[int] = field(default_factory=set)

    def drive(self) -> None:
        self._reconcile()
        self._tell()
        active = sum(trial.is_active for trial in self.trials)
        if reason := self._hopeless():
            self._give_up(reason)
        elif self.search.reason:
            self._stop_the_rest()
            if not active:
                _end(self.search, JobStatus.CANCELLED, self.search.reason)
        elif not self._launch(self.search.parallel - active) and not active and not self._left():
            self._complete()

    def _reconcile(self) -> None:
        """Enters trials that are runs here and that Optuna does not know, in the order of their numbers."""
        first = {name: self.search.parameters.get(name) for name in self.space}
        if all(self.space[name].holds(value) for name, value in first.items()) and not self.trials:
            search_study.begin(self.study, first)
        known = len(self.study.get_trials(deepcopy=False))
        by_number = {trial.number: trial for trial in self.trials}
        for number in range(known, max(by_number, default=-1) + 1):
            trial = by_number.get(number)
            # What ended is told right after this, with its value; a number without a run was never more than asked for.
            state = TrialState.RUNNING if trial is not None else TrialState.FAIL
            search_study.add(self.study, self.space, trial.run.parameters if trial else {}, state)

    def _tell(self) -> None:
        known = {trial.number: trial.state for trial in self.study.get_trials(deepcopy=False)}
        for trial in self.trials:
            if trial.is_active or known[trial.number] is not TrialState.RUNNING:
                continue
            self.study.tell(trial.number, trial.value, STATES[trial.outcome])

    def _hopeless(self) -> str:
        enough = min(FIRST_FAILURES, self.search.trials)
        first = self.trials[:enough]
        if self.search.reason or len(first) < enough or any(one.outcome is not Outcome.FAILED for one in first):
            return ""
        last = first[-1].run.failure_reason or "they were stopped"
        return f"The first {len(first)} trials all failed; the last one because: {last}"

    def _stop_the_rest(self) -> None:
        for trial in self.trials:
            if trial.is_active:
                lifecycle.request_stop(trial.run, None)

    def _complete(self) -> None:
        if any(trial.outcome is Outcome.COMPLETED for trial in self.trials):
            _end(self.search, JobStatus.COMPLETED)
        else:
            _end(self.search, JobStatus.FAILED, "No trial reached its end, so there is nothing to choose from.")

    def _left(self) -> int:
        """Trials that are still to be launched: asked for and not launched, or not asked for yet."""
        return len(self._unlaunched()) + self.search.trials - search_study.asked(self.study)

    def _unlaunched(self) -> list[FrozenTrial]:
        """What was asked for and has no run, as the process was killed in between or the queue was full."""
        launched = {trial.number for trial in self.trials} | self.launched
        known = self.study.get_trials(deepcopy=False)
        return [one for one in known if one.state is TrialState.RUNNING and one.number not in launched]

    def _launch(self, room: int) -> bool:
        """First what was asked for and not launched, then new trials; whether any was, or the search has ended."""
        left = self._left()
        if left and (why := _why_not(self.search)):
            self._give_up(why)
            return True
        while room > 0 and left > 0:
            if waiting := self._unlaunched():
                number = waiting[0].number
                values = search_study.drawn(self.study, self.search, self.space, waiting[0])
            else:
                number, values = search_study.ask(self.study, self.search, self.space)
            if not self._launch_one(number, values):
                break
            room, left = room - 1, left - 1
        return bool(self.launched) or self.search.status != JobStatus.RUNNING

    def _give_up(self, why: str) -> None:
        self._stop_the_rest()
        _end(self.search, JobStatus.FAILED, why)

    def _launch_one(self, number: int, values: dict[str, Value]) -> bool:
        """Whether more may be launched. A trial that is refused for its values is a failed one."""
        search = self.search
        spec = LaunchSpec(
            name=f"{search.name}, trial {number}"[:200],
            dataset=search.dataset_id,
            architecture=search.architecture,
            parameters=search.parameters | values,
            split=SplitChoice.model_validate(search.split),
            seed=search.seed,
            tags=["search"],
        )  # type: ignore[call-arg]
        try:
            launch.launch(
                workspace=search.workspace,
                actor=search.created_by,
                spec=spec,
                through="search",
                trial_of=(search, number),
            )
        except TooMany:
            return False  # the trial waits in Optuna until the queue has room
        except Refused as error:
            if any(not problem.field.startswith("parameters") for problem in error.problems):
                self._give_up(f"Its trials can no longer be launched: {error}.")
                return False
            _record_refused(search, number, values, error)
        self.launched.add(number)
        return True


def _why_not(search: Search) -> str:
    """Asked at every launch and not only when the search began: a role may have been taken away since."""
    person = search.created_by
    if search.dataset.deleted_at is not None:
        return f"{search.dataset.name} was deleted."
    if person is not None and not can(person, search.workspace, Action.LAUNCH_TRAINING):
        return f"{person}, who started it, may not launch training any more."
    return ""


def _record_refused(search: Search, number: int, values: dict[str, Value], error: Refused) -> None:
    """A run that failed before it began, so that the trial and its reason are seen."""
    now = timezone.now()
    Experiment.objects.create(
        workspace=search.workspace,
        created_by=search.created_by,
        created_through="search",
        name=f"{search.name}, trial {number}"[:200],
        family=search.dataset.family,
        dataset=search.dataset,
        architecture=search.architecture,
        parameters=search.parameters | values,
        split=search.split,
        seed=search.seed,
        tags=["search"],
        search=search,
        trial=number,
        status=JobStatus.FAILED,
        failure_kind=FailureKind.BAD_INPUT,
        failure_reason=f"These values do not go together: {error}",
        max_attempts=settings.JOB_MAX_ATTEMPTS,
        queued_at=now,
        finished_at=now,
    )


def _end(search: Search, status: JobStatus, reason: str = "") -> Search:
    search.status, search.reason, search.ended_at = status, reason, timezone.now()
    search.save(update_fields=["status", "reason", "ended_at"])
    return search
