"""A version made smaller for serving: its large matrix in half precision or eight bits, measured before it is kept.

The compact file stands beside the exact one. Serving takes it; evaluations, the gate and explanations of runs take the
exact arrays. A version that answers somebody is not touched: what people get changes by a deployment, never under one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from django.db import transaction
from safetensors.numpy import save as save_tensors

from experiments.learning import atomic
from experiments.learning.families import Family
from experiments.learning.model_files import ARRAYS_FILE, COMPACT_FILE, ArtifactError
from experiments.learning.recommenders.base import Scorer
from experiments.learning.recommenders.scorers.compact import PRECISIONS, opened, shrunk
from experiments.learning.recommenders.scorers.errors import ScorerError
from experiments.learning.recommenders.scorers.registry import load_scorer as scorer_of
from experiments.models import Deployment, ModelFile, ModelVersion
from experiments.models.job import JobStateError
from experiments.services import registry, version_files
from experiments.services.spec import Problem, Refused
from mlopspro.accounts.models import User
from mlopspro.accounts.services import audit

KIND = "compact"
COMPARED_USERS = 500
K = 10
LEAST_OVERLAP = 0.95
"""Of the ten best items of a user, on average, that both agree on; below, the file is not kept."""
SHRINKING = frozenset(
    {
        "ease",
        "implicit_als",
        "bpr",
        "two_tower",
        "matrix_factorization",
        "bayesian_factorization",
        "hybrid",
        "hybrid_biased",
    }
)
"""Architectures whose scorers hold such a matrix as a rule; the hybrid's joint objective does not, and is told so."""


@dataclass(frozen=True)
class Quantized:
    """``overlap``: mean share of the ten best that the exact and the compact scorer agree on, of ``users`` users;
    ``same_lists``: share of users with the same ten in the same order. Bytes of the two files."""

    precision: str
    users: int
    overlap: float
    same_lists: float
    exact_bytes: int
    compact_bytes: int


def quantize(version: ModelVersion, precision: str, *, actor: User | None, least: float = LEAST_OVERLAP) -> Quantized:
    """Makes the compact file of a recommender's version.

    Raises Refused (precision, version) for what cannot be made smaller, or agrees with the exact scorer on less than
    ``least`` of the lists; JobStateError while the version answers somebody, or where there is such a file.
    """
    if precision not in PRECISIONS:
        raise Refused([Problem("precision", f"{precision!r} is not accepted; {' or '.join(PRECISIONS)} is")])
    if Family(version.model.family).is_tabular:
        raise Refused([Problem("version", "models on tables are small already; recommenders are accepted")])
    _require_idle(version)
    _require_exact(version)
    exact = next((one for one in version.files.all() if one.name == ARRAYS_FILE), None)
    if exact is None:
        raise Refused([Problem("version", f"it has no {ARRAYS_FILE}, so there is nothing to make smaller")])
    try:
        scorer = version_files.load_scorer(version)
        arrays = shrunk(str(scorer.config().get("kind")), scorer.arrays(), precision)  # type: ignore[arg-type]
        compact = scorer_of(opened(arrays), scorer.config())
    except (ArtifactError, ScorerError) as error:
        raise Refused([Problem("version", str(error))]) from error
    users, overlap, same = _agreement(scorer, compact)
    if overlap < least:
        raise Refused([Problem("precision", f"{precision} agrees on {overlap:.1%} of the ten best items of {users} "
                                            f"users; accepted: at least {least:.0%}")])  # fmt: skip
    content = save_tensors({name: np.ascontiguousarray(array) for name, array in arrays.items()})
    made = Quantized(precision, users, overlap, same, exact.size_bytes, len(content))
    _keep(version, content, made, actor)
    return made


def shrinks(version: ModelVersion) -> bool:
    """Whether models of this architecture hold a matrix that can be kept smaller."""
    return version.architecture in SHRINKING


def answers(version: ModelVersion) -> bool:
    """Whether it answers somebody now, in any role."""
    return Deployment.objects.filter(version=version, ended_at__isnull=True).exists()


def restore_exact(version: ModelVersion, *, actor: User | None) -> bool:
    """Takes the compact file away; whether there was one. Raises JobStateError while the version answers somebody."""
    with transaction.atomic():
        registry.lock(version.model)
        _require_idle(version)
        row = ModelFile.objects.filter(version=version, name=COMPACT_FILE).first()
        if row is None:
            return False
        row.delete()
        audit.record(action="restore_exact_model", actor=actor, workspace=version.model.workspace, obj=version,
                     before={"file": row.name, "size_bytes": row.size_bytes})  # fmt: skip
    (version.path / COMPACT_FILE).unlink(missing_ok=True)
    return True


def _require_idle(version: ModelVersion) -> None:
    if found := Deployment.objects.filter(version=version, ended_at__isnull=True).first():
        raise JobStateError(
            f"{version.number} answers as {found.get_role_display().lower()} now; that is done before it is deployed."
        )


def _require_exact(version: ModelVersion) -> None:
    """A file that is recorded is never written over: killed in between, its hash would be another's."""
    if ModelFile.objects.filter(version=version, name=COMPACT_FILE).exists():
        raise JobStateError(f"{version.number} is compact already; go back to the exact file first.")


def _agreement(exact: Scorer, compact: Scorer) -> tuple[int, float, float]:
    """Users compared, mean overlap of their ten best, share with the same list."""
    number = int(exact.num_users)  # type: ignore[attr-defined]  # every kind that shrinks has it
    users = np.unique(np.linspace(0, number - 1, min(COMPARED_USERS, number)).astype(np.int32))
    overlap, same = 0.0, 0
    for part in np.array_split(users, max(1, len(users) // 50)):
        ours, theirs = (_best(one.score_block(part)) for one in (exact, compact))
        overlap += sum(len(np.intersect1d(a, b)) / len(a) for a, b in zip(ours, theirs, strict=True))
        same += int((ours == theirs).all(axis=1).sum())
    return len(users), overlap / len(users), same / len(users)


def _best(scores: Any) -> Any:
    return np.argsort(-scores, axis=1, kind="stable")[:, :K]


def _keep(version: ModelVersion, content: bytes, made: Quantized, actor: User | None) -> None:
    with transaction.atomic():
        registry.lock(version.model)
        _require_idle(version)
        _require_exact(version)
        digest = atomic.write_bytes(version.path / COMPACT_FILE, content)
        ModelFile.objects.create(
            version=version,
            name=COMPACT_FILE,
            kind=KIND,
            path=f"{version.folder}/{COMPACT_FILE}",
            size_bytes=len(content),
            sha256=digest,
        )
        audit.record(action="quantize_model", actor=actor, workspace=version.model.workspace, obj=version,
                     after=asdict(made))  # fmt: skip
