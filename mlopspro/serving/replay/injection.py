"""All drifts of a replay at once: what the request of a number becomes."""

from __future__ import annotations

from collections.abc import Sequence

from mlopspro.serving.replay.chance import generator
from mlopspro.serving.replay.drift import Drift, Kind, require_fitting
from mlopspro.serving.replay.list_drift import ListDrift
from mlopspro.serving.replay.list_plan import ListPlan
from mlopspro.serving.replay.requests import Drifted, ListRequest, Request, RowRequest, Troubles
from mlopspro.serving.replay.table_drift import TableDrift
from mlopspro.serving.replay.table_plan import TablePlan

Plan = ListPlan | TablePlan


class Injection:
    """Drifts in the order given, each on the result of the one before. Raises DriftError where one does not fit."""

    def __init__(self, plan: Plan, drifts: Sequence[Drift], *, seed: int, total: int | None) -> None:
        require_fitting(drifts, tables=plan.tables)
        self.drifts, self.seed, self.total = tuple(drifts), seed, total
        self._lists = ListDrift(plan, seed) if isinstance(plan, ListPlan) else None
        self._rows = TableDrift(plan, seed) if isinstance(plan, TablePlan) else None
        if self._rows is not None:
            for drift in drifts:
                self._rows.check(drift)

    def applied(self, request: Request) -> Drifted:
        kinds: list[str] = []
        slower, fails, flip = 0.0, False, 0.0
        for drift in self.drifts:
            if not drift.is_on(request.number, self.total):
                continue
            if drift.kind is Kind.SLOW:
                slower += drift.strength
            elif drift.kind is Kind.ERRORS:
                if generator(self.seed, "errors", request.number).random() >= drift.strength:
                    continue
                fails = True
            elif drift.kind is Kind.LABEL_NOISE:
                flip = max(flip, drift.strength)
            else:
                changed = self._moved(drift, request)
                if changed is None:
                    continue
                request = changed
            kinds.append(drift.kind.value)
        return Drifted(request, Troubles(slower, fails), tuple(kinds), flip)

    def _moved(self, drift: Drift, request: Request) -> Request | None:
        if isinstance(request, ListRequest) and self._lists is not None:
            return self._lists.apply(drift, request)
        if isinstance(request, RowRequest) and self._rows is not None:
            return self._rows.apply(drift, request)
        return None
