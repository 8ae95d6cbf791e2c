from __future__ import annotations

import datetime as dt
import math
from decimal import ROUND_HALF_EVEN, Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlopspro.core import formats
from mlopspro.core.formats import THIN_SPACE as S


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.37291, "0.373"), (1, "1.00"), (0, "0"), (0.9996, "1.00"), (12.345, "12.3"), (1234.5, f"1{S}234"),
        (-0.0421, "−0.0421"), (0.000123, "0.000123"), (0.0000123, f"1.23{S}×{S}10⁻⁵"),
        (5e-324, f"4.94{S}×{S}10⁻³²⁴"), (-2.5e20, f"−2.50{S}×{S}10²⁰"),
        (None, "–"), (math.nan, "–"), (math.inf, "–"), ("words", "–"), (True, "–"),
    ],
)  # fmt: skip
def test_metrics_have_three_significant_digits(value: object, text: str) -> None:
    assert formats.metric(value) == text


@given(st.floats(min_value=1e-4, max_value=999, exclude_max=True))
def test_metrics_round_as_decimal_arithmetic_does(value: float) -> None:
    """Oracle: Python's Decimal, three significant digits, of the exact value of the float."""
    expected = Context(prec=3, rounding=ROUND_HALF_EVEN).plus(Decimal(value))
    assert Decimal(formats.metric(value).replace(S, "")) == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [(100836, f"100{S}836"), (0, "0"), (-1234, f"−1{S}234"), (999, "999"), (-0.2, "0"), (None, "–")],
)
def test_counts_are_grouped_with_narrow_spaces(value: object, text: str) -> None:
    assert formats.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1237, f"12.4{S}%"), (0, f"0.0{S}%"), (1, f"100.0{S}%"), (None, "–"),
        (0.00001, f"<{S}0.1{S}%"), (0.99999, f">{S}99.9{S}%"), (-0.05, f"−5.0{S}%"),
    ],
)  # fmt: skip
def test_shares_are_per_cent_and_never_claim_none_or_all_falsely(value: object, text: str) -> None:
    assert formats.share(value) == text


@pytest.mark.parametrize(("value", "text"), [(59.9, "$59.90"), (1234.5, f"$1{S}234.50"), (-3, "−$3.00"), (None, "–")])
def test_money(value: object, text: str) -> None:
    assert formats.money(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, f"0{S}B"),
        (999, f"999{S}B"),
        (1000, f"1.00{S}kB"),
        (1234567, f"1.23{S}MB"),
        (999_600, f"1.00{S}MB"),
        (5e15, f"5{S}000{S}TB"),
    ],
)
def test_bytes(value: float, text: str) -> None:
    assert formats.filesize(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.24, "240 ms"), (0.9999, "1.0 s"), (3.21, "3.2 s"), (9.96, "10 s"), (59.4, "59 s"), (59.7, "1 m"),
        (72, "1 m 12 s"), (3599.6, "1 h"), (7500, "2 h 5 m"), (86400 * 3 + 4 * 3600, "3 d 4 h"), (0, "0 ms"),
        (dt.timedelta(minutes=1, seconds=12), "1 m 12 s"), (-72, "−1 m 12 s"), (None, "–"), (math.nan, "–"),
    ],
)  # fmt: skip
def test_durations_in_their_two_largest_units(value: object, text: str) -> None:
    assert formats.duration(value).replace(S, " ").replace("\u00a0", " ") == text


@given(st.floats(min_value=0, max_value=1e7))
def test_durations_never_show_sixty_of_a_unit(seconds: float) -> None:
    words = formats.duration(seconds).replace("\u00a0", " ").split(" ")
    rest = {"m": 60, "s": 60, "h": 24}
    for part in words[1:]:
        count, unit = part.split(S)
        assert int(count) < rest[unit]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3, "just now"), (-3, "in a moment"), (59, "59 s ago"), (180, "3 min ago"), (7300, "2 h ago"), (90000, "1 d ago"),
     (-7300, "in 2 h"), (86400 * 45, "1 mo ago"), (86400 * 800, "2 y ago")],
)  # fmt: skip
def test_relative_times(seconds: float, text: str) -> None:
    now = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
    assert formats.relative_time(now - dt.timedelta(seconds=seconds), now).replace(S, " ") == text


@pytest.mark.parametrize(
    ("difference", "better", "text", "verdict"),
    [
        (0.012, "higher", "▲ 0.012", "better"), (-0.012, "higher", "▼ 0.012", "worse"),
        (0.012, "lower", "▲ 0.012", "worse"), (-0.012, "lower", "▼ 0.012", "better"),
        (0.012, "neither", "▲ 0.012", "same"), (0, "higher", "= 0", "same"), (None, "higher", "–", "same"),
        (math.nan, "lower", "–", "same"),
    ],
)  # fmt: skip
def test_a_change_is_coloured_by_better_or_worse_not_by_up_or_down(
    difference: float | None, better: formats.Better, text: str, verdict: str
) -> None:
    found = formats.change(difference, better)
    assert (found.text, found.verdict) == (text, verdict)


def test_an_interval_has_the_decimals_of_its_value() -> None:
    assert formats.interval(0.37291, 0.0061) == "0.373 ± 0.006"
    assert formats.interval(0.37291, None) == "0.373"


def test_ids_are_short() -> None:
    assert formats.short_id("5f0c2a9e-6c1d-4f0e-9a8b-3f8f2f6f1c11") == "5f0c2a9e"
