"""Data quality: is what comes in as it was when the version learnt, and does the log hold all of it?

Counts come from windows (the measure ``drift`` in the bins of the active reference), so a check costs the same however
many predictions there were. Columns that training did not have are looked for among the newest predictions only.
"""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.db.models import Sum

from experiments.learning.families import Family
from mlopspro.core import formats
from monitoring.models import Finding, LogLoss, Reference, Verdict
from monitoring.services import references
from monitoring.services.data_shares import Counted, shares
from monitoring.services.scene import Outcome, Scene
from monitoring.services.window_reads import Totals, total
from monitoring.stats.data_quality import Judged, Share, worst
from monitoring.stats.data_quality import judge as judged
from monitoring.summaries.signals import FEATURE

SAMPLE = 500
MOST_NEW = 50
"""New columns that are named; more are counted."""
WORDS = {
    "missing": "is missing",
    "out_of_range": "is out of range",
    "unseen": "has values never seen before",
    "type_change": "is of another type than usual",
    "unknown_users": "Users are unknown to the version",
    "unknown_items": "Shown items are unknown to the version",
}
SHOWN_LOSSES = {
    LogLoss.Reason.LATE_FEEDBACK: "late_feedback",
    LogLoss.Reason.DOUBLED_PREDICTION: "duplicate_requests",
    LogLoss.Reason.DOUBLED_FEEDBACK: "duplicate_feedback",
    LogLoss.Reason.UNKNOWN_FEEDBACK: "unknown_feedback",
    LogLoss.Reason.REFUSED_ROW: "refused_rows",
    LogLoss.Reason.LOST_ENTRY: "lost_entries",
}
"""Of the workspace: the log does not know to which model these belonged."""
LOST = (LogLoss.Reason.LOST_ENTRY,)
"""Without these every figure is of too little."""
_NEW_COLUMNS = """
SELECT key, count(*), (SELECT count(*) FROM sample WHERE features IS NOT NULL) FROM sample,
    jsonb_object_keys(CASE jsonb_typeof(features) WHEN 'object' THEN features ELSE '{}' END) AS key
WHERE NOT key = ANY(%s) GROUP BY key ORDER BY 2 DESC, key LIMIT %s"""
_SAMPLE = """
WITH sample AS (
    SELECT p.features FROM unnest(%s::bigint[]) AS s(id), LATERAL (
        SELECT features FROM monitoring_prediction
        WHERE source_id = s.id AND day >= %s AND day <= %s AND at >= %s AND at < %s
        ORDER BY at DESC LIMIT %s) AS p)"""


def judge(scene: Scene) -> Outcome | None:
    """None where nothing of the model is known: no version and nothing ever asked."""
    if scene.version is None and not scene.sources:
        return None
    reference = references.active(scene.version) if scene.version is not None else None
    whole = total(scene.sources, scene.period, ("counts", "drift"))
    counted = Counted(
        reference.profile["signals"] if reference is not None else {},
        (whole.summary.get("drift") or {}).get(reference.pk.hex, {}) if reference is not None else {},
        whole,
    )
    minimum = scene.settings.minimum_sample
    found = [judged(one, minimum) for one in shares(scene.model, counted)]
    findings = [_finding(one) for one in found]
    if reference is not None and scene.model.family != Family.RECOMMENDATION.value:
        findings += _new_columns(scene, counted)
    losses = _losses(scene)
    lost = [one for one in losses if one.verdict == Verdict.WATCH]
    findings += [_coverage(whole), *losses]
    ratios = [*(one.ratio for one in found if one.verdict != "not_enough"), *(1.0 for _ in lost)]
    return Outcome(
        verdict=Verdict(worst([*(one.verdict for one in found), *(one.verdict for one in lost)])),
        sentence=_sentence(found, whole, scene, reference, lost),
        score=max(ratios, default=None),
        findings=findings,
        reference=reference,
    )


def _finding(one: Judged) -> Finding:
    share = one.share
    return Finding(
        signal=share.signal,
        statistic=share.statistic,
        value=one.value,
        threshold=one.threshold,
        low=one.low,
        high=one.high,
        reference_size=share.expected_of,
        current_size=share.n,
        verdict=Verdict(one.verdict),
        detail={
            "kind": "share",
            "reason": one.reason,
            "decides": True,
            "title": _title(share),
            "expected": share.expected,
            "ratio": one.ratio,
            "bad": share.bad,
        },
    )


def _title(share: Share) -> str:
    words = WORDS[share.statistic]
    return f"{share.signal.removeprefix(FEATURE)} {words}" if share.signal.startswith(FEATURE) else words


def _new_columns(scene: Scene, counted: Counted) -> list[Finding]:
    """Columns that the version did not learn from: it does not read them, so they harm nothing and judge nothing."""
    period = scene.period
    days = [one.astimezone(dt.UTC).date() for one in (period.start, period.end)]
    ids = [one.pk for one in scene.sources]
    known = [*counted.columns, *_read_otherwise(scene)]
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLE + _NEW_COLUMNS, [ids, *days, period.start, period.end, SAMPLE, known, MOST_NEW])
        rows: list[tuple[str, int, int]] = cursor.fetchall()
    return [
        Finding(
            signal=(FEATURE + name)[:200],
            statistic="appeared",
            value=count / sampled,
            current_size=sampled,
            verdict=Verdict.NOT_ENOUGH,
            detail={
                "kind": "share", "reason": "no_reference", "decides": False, "bad": count,
                "title": f"{name[:100]} is new",
            },
        )
        for name, count, sampled in rows
    ]  # fmt: skip


def _read_otherwise(scene: Scene) -> list[str]:
    """Columns with a role that are no features: times, series, what is predicted."""
    return [str(one.get("name")) for one in scene.version.dataset.columns] if scene.version is not None else []


def _coverage(whole: Totals) -> Finding:
    """How much of what was answered has feedback: shown, and judged by quality's minimum of labels."""
    return Finding(
        signal="feedback_share",
        statistic="share",
        value=whole.labelled_share,
        current_size=whole.predictions,
        verdict=Verdict.OK if whole.labelled else Verdict.NOT_ENOUGH,
        detail={"kind": "share", "reason": "shown", "decides": False, "title": "Answers with feedback"},
    )


def _losses(scene: Scene) -> list[Finding]:
    """What did not get into the log as it was sent, on the days of the stretch."""
    first, last = (one.astimezone(dt.UTC).date() for one in (scene.period.start, scene.period.end))
    rows = LogLoss.objects.filter(workspace=scene.model.workspace_id, day__gte=first, day__lte=last)
    found = dict(rows.order_by().values_list("reason").annotate(Sum("count")))
    return [
        Finding(
            signal=signal,
            statistic="count",
            value=found.get(reason.value, 0),
            verdict=Verdict.WATCH if reason in LOST and found.get(reason.value) else Verdict.OK,
            detail={
                "kind": "count",
                "reason": "shown",
                "decides": reason in LOST,
                "title": reason.label,
                "of": "workspace",
            },
        )
        for reason, signal in SHOWN_LOSSES.items()
    ]


def _sentence(
    found: list[Judged], whole: Totals, scene: Scene, reference: Reference | None, lost: list[Finding]
) -> str:
    over = f"{formats.number(whole.predictions)} predictions, {scene.stretch}"
    known = [one for one in found if one.verdict != "not_enough"]
    bad = sorted((one for one in known if one.verdict in ("watch", "act")), key=lambda one: -one.ratio)
    if bad:
        first = bad[0]
        more = f" {len(bad) - 1} more checks are beyond their limits." if len(bad) > 1 else ""
        share, had = formats.share(first.value), formats.share(first.share.expected)
        return (
            f"{_title(first.share)}: {share} of {formats.number(first.share.n)}, {had} in {_against(reference)} (limit "
            f"{formats.share(first.threshold)}; {scene.stretch}).{more}"
        )
    if lost:
        return f"{formats.number(lost[0].value)} entries of the workspace's log could not be written ({scene.stretch})."
    if known:
        return f"{len(known)} checks of what comes in are within their limits ({over})."
    if whole.predictions < scene.settings.minimum_sample:
        needed = formats.number(scene.settings.minimum_sample)
        return f"Not enough data: {formats.number(whole.predictions)} of {needed} predictions ({scene.stretch})."
    if reference is None:
        return f"What comes in cannot be held against training. {references.why_none(scene.version)}"
    return f"Nothing of what comes in can be judged yet ({over})."


def _against(reference: Reference | None) -> str:
    pinned = reference is not None and reference.kind == Reference.Kind.PINNED
    return "the pinned stretch" if pinned else "training"
