"""Optuna, and nothing else of the product imports it: its storage in our PostgreSQL, studies, samplers, pruners.

Its tables lie in a schema of their own, ``optuna``, beside ours: made when the first search needs them, unseen by
Django's migrations. Import this module only where a search is driven or a trial asks to be pruned: it takes seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import optuna
import psycopg
from django.db import connections
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from experiments.learning.search.points import share_at
from experiments.learning.search.space import Choices, Dimension, Space, Value
from experiments.models import Search
from experiments.services.search_space_of import space_of

SCHEMA = "optuna"
MAKING = 0x6F70
"""Advisory lock under which the schema and its tables are made."""
URL = "postgresql+psycopg://"
STARTUP_TRIALS = 4
"""Completed trials before any is pruned: until then there is nothing to be held against."""
WARM_UP_EPOCHS = 2

_made: set[str] = set()

optuna.logging.set_verbosity(optuna.logging.WARNING)


@contextmanager
def opened(search: Search) -> Iterator[optuna.Study]:
    """The search's study, made where there is none; its connections are closed at the end.

    Raises sqlalchemy.exc.SQLAlchemyError or optuna.exceptions.StorageInternalError while PostgreSQL is away.
    """
    with _connections() as engine_options:
        storage = _storage(engine_options)
        try:
            yield optuna.create_study(
                storage=storage,
                study_name=search.study,
                direction="maximize" if search.maximise else "minimize",
                load_if_exists=True,
                sampler=RandomSampler(seed=search.seed),
                pruner=_pruner(search),
            )
        except Exception:
            _made.clear()  # whatever it was, look again whether the tables are there
            raise


def begin(study: optuna.Study, first: Mapping[str, Any]) -> None:
    """Lets the first trial be ``first``, where these values are within the space; nothing where trials are known."""
    if first and not study.get_trials(deepcopy=False):
        study.enqueue_trial(dict(first))


def trial_numbered(study: optuna.Study, number: int) -> Trial:
    """A trial that was asked for, to report to. Raises KeyError where Optuna does not know it."""
    known = {trial.number: trial._trial_id for trial in study.get_trials(deepcopy=False)}
    return Trial(study, known[number])


def ask(study: optuna.Study, search: Search, space: Space) -> tuple[int, dict[str, Value]]:
    """The number and the values of a new trial. Killed in between, it is found by ``drawn`` of the next round."""
    study.sampler = _sampler(search, asked(study))
    trial = study.ask()
    return trial.number, _draw(trial, space)


def asked(study: optuna.Study) -> int:
    """How many trials were asked for; the first one lies ready before it is."""
    return sum(trial.state is not TrialState.WAITING for trial in study.get_trials(deepcopy=False))


def drawn(study: optuna.Study, search: Search, space: Space, trial: FrozenTrial) -> dict[str, Value]:
    """The values of a trial that was asked for; what it lacks is drawn now."""
    study.sampler = _sampler(search, trial.number)
    return _draw(Trial(study, trial._trial_id), space)


def add(study: optuna.Study, space: Space, parameters: Mapping[str, Any], state: TrialState) -> None:
    """A trial that is a run here and unknown to Optuna, whose tables were lost: as far as it is known."""
    values = {name: parameters[name] for name in space if name in parameters}
    kinds = {name: distribution(space[name]) for name in values}
    try:
        found = optuna.trial.create_trial(state=state, params=values, distributions=kinds)
    except ValueError:  # a value that the space does not hold
        found = optuna.trial.create_trial(state=state)
    study.add_trial(found)


def distribution(dimension: Dimension) -> BaseDistribution:
    if isinstance(dimension, Choices):
        return CategoricalDistribution(list(dimension.choices))
    if dimension.whole:
        return IntDistribution(
            int(dimension.low), int(dimension.high), log=dimension.log, step=int(dimension.step or 1)
        )
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log, step=dimension.step)


class EvenSampler(BaseSampler):
    """Points that cover the space evenly, like a grid that can be stopped anywhere (learning/search/points.py)."""

    def __init__(self, search: Search, space: Space) -> None:
        self._seed, self._space = search.seed, space

    def infer_relative_search_space(self, study: optuna.Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return {}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return {}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        names = list(self._space)
        return self._space[param_name].at(share_at(trial.number, names.index(param_name), self._seed))


def _sampler(search: Search, number: int) -> BaseSampler:
    """Seeded by search and trial, so that a repeated round draws what the first one would have drawn."""
    seed = (search.seed * 100_003 + number) % 2**32
    if search.sampler == "random":
        return RandomSampler(seed=seed)
    if search.sampler == "even":
        return EvenSampler(search, space_of(search))
    startup = max(4, min(10, search.trials // 3))
    return TPESampler(seed=seed, n_startup_trials=startup, constant_liar=True)


def _pruner(search: Search) -> optuna.pruners.BasePruner:
    if search.pruner == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=WARM_UP_EPOCHS)
    return optuna.pruners.NopPruner()


def _draw(trial: Trial, space: Space) -> dict[str, Value]:
    """What was drawn before stays as it was: a trial may be asked again after a crash in the middle of it."""
    return {name: dimension.written(_suggested(trial, name, dimension)) for name, dimension in space.items()}


def _suggested(trial: Trial, name: str, dimension: Dimension) -> Any:
    if isinstance(dimension, Choices):
        return trial.suggest_categorical(name, list(dimension.choices))
    if dimension.whole:
        step = int(dimension.step or 1)
        return trial.suggest_int(name, int(dimension.low), int(dimension.high), log=dimension.log, step=step)
    return trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log, step=dimension.step)


def _storage(engine_options: dict[str, Any]) -> RDBStorage:
    key = ":".join(str(connection_arguments().get(name, "")) for name in ("host", "port", "dbname"))
    if key not in _made:
        _make()
        _made.add(key)
    try:
        return RDBStorage(URL, engine_kwargs=engine_options, skip_compatibility_check=True, skip_table_creation=True)
    except Exception:  # as above
        _made.clear()
        raise


def _make() -> None:
    """Schema and tables, by one process at a time; others wait until they are there."""
    with psycopg.connect(**connection_arguments(), autocommit=True) as database, _connections() as engine_options:
        database.execute("SELECT pg_advisory_lock(%s)", [MAKING])
        database.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        RDBStorage(URL, engine_kwargs=engine_options)


@contextmanager
def _connections() -> Iterator[dict[str, Any]]:
    """Options of an engine whose connections are all closed at the end, whatever Optuna's sessions hold on to."""
    made: list[psycopg.Connection[Any]] = []

    def connect() -> psycopg.Connection[Any]:
        made.append(psycopg.connect(**connection_arguments()))
        return made[-1]

    try:
        yield {"creator": connect, "pool_size": 1, "max_overflow": 4, "pool_pre_ping": True}
    finally:
        for connection in made:
            connection.close()


def connection_arguments() -> dict[str, Any]:
    """Of our own database, in Optuna's schema. The address stays out of the URL, which may end up in messages."""
    said = connections["default"].settings_dict
    named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    found = {name: said[key] for name, key in named.items() if said.get(key)}
    further = {name: value for name, value in said.get("OPTIONS", {}).items() if name.startswith("ssl")}
    limits = "-c statement_timeout=15000 -c lock_timeout=5000"
    return {**found, **further, "connect_timeout": 3, "options": f"-c search_path={SCHEMA} {limits}"}
