"""Contrast of the tokens in both themes, computed by WCAG 2.2's formula (relative luminance, contrast ratio)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

SOURCE = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text()
SURFACES = ("bg", "surface-1", "surface-2", "surface-3")
TEXTS = ("text", "muted", "primary-text", "good-text", "warning-text", "bad-text")
MARKS = ("primary", "good", "warning", "bad", "control-border", "chart-reference", "chart-threshold", "faint")
SERIES = (*(f"chart-{number}" for number in range(1, 9)), *(f"chart-scale-{number}" for number in range(1, 6)))
FILLS = ("primary-fill", "primary-fill-hover", "bad-fill", "bad-fill-hover")
RGB = tuple[float, float, float]


def tokens(theme: str) -> dict[str, RGB]:
    block = re.search(rf'\[data-theme="{theme}"\] \{{(.*?)\}}', SOURCE, re.DOTALL)
    assert block is not None
    found = re.findall(r"--([\w-]+): #([0-9a-f]{6});", block[1])
    return {name: tuple(int(value[i : i + 2], 16) / 255 for i in (0, 2, 4)) for name, value in found}  # type: ignore[misc]


def luminance(colour: RGB) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: RGB, other: RGB) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(colour: RGB, share: float, under: RGB) -> RGB:
    return tuple(share * a + (1 - share) * b for a, b in zip(colour, under, strict=True))  # type: ignore[return-value]


def test_the_formula_agrees_with_published_values() -> None:
    assert contrast((0, 0, 0), (1, 1, 1)) == pytest.approx(21)
    grey = (0x77 / 255,) * 3
    assert contrast(grey, (1, 1, 1)) == pytest.approx(4.478, abs=1e-3)  # type: ignore[arg-type]


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_text_reads_on_every_surface(theme: str) -> None:
    colours = tokens(theme)
    low = {
        (text, surface): round(ratio, 2)
        for text in TEXTS
        for surface in SURFACES
        if (ratio := contrast(colours[text], colours[surface])) < 4.5
    }
    assert not low


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_marks_and_curves_stand_out_from_the_surfaces_they_lie_on(theme: str) -> None:
    colours = tokens(theme)
    low = {
        (mark, surface): round(ratio, 2)
        for mark in MARKS + SERIES
        for surface in ("bg", "surface-1", "surface-2")
        if (ratio := contrast(colours[mark], colours[surface])) < 3
    }
    assert not low


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_words_on_filled_buttons_read(theme: str) -> None:
    colours = tokens(theme)
    low = {fill: ratio for fill in FILLS if (ratio := contrast(colours["on-fill"], colours[fill])) < 4.5}
    assert not low


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize(("tone", "share"), [("primary", 0.12), ("good", 0.12), ("warning", 0.07), ("bad", 0.12)])
def test_text_reads_on_tinted_surfaces(theme: str, tone: str, share: float) -> None:
    """Banners are tinted by 7 %, lines of differences and ticked rows by 12 %."""
    colours = tokens(theme)
    for surface in ("surface-1", "surface-2"):
        tinted = mixed(colours[tone], share, colours[surface])
        assert contrast(colours["text"], tinted) >= 4.5
        assert contrast(colours[f"{tone}-text"], tinted) >= 4.5


def test_the_dark_palette_is_that_of_the_specification() -> None:
    colours = tokens("dark")
    wanted = {
        "bg": "09090b", "surface-1": "0a0a0a", "surface-2": "111113", "surface-3": "18181b", "border": "27272a",
        "text": "fafafa", "muted": "a1a1aa", "faint": "71717a", "primary": "3b82f6", "good": "22c55e",
        "warning": "f97316", "bad": "ef4444", "chart-1": "3b82f6", "chart-2": "f59e0b", "chart-3": "22c55e",
        "chart-4": "e879f9", "chart-5": "22d3ee", "chart-6": "f87171", "chart-7": "a3e635", "chart-8": "c4b5fd",
    }  # fmt: skip
    found = {name: "".join(f"{round(c * 255):02x}" for c in colours[name]) for name in wanted}
    assert found == wanted


def test_both_themes_name_the_same_tokens() -> None:
    assert tokens("dark").keys() == tokens("light").keys()
