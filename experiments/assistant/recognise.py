"""Which family a person talks about, from the words used. Evidence is counted, so that the answer can say why."""

from __future__ import annotations

import re
from dataclasses import dataclass

from experiments.learning.families import Family

# Stems, each with a weight: 3 names the family itself, 2 is typical, 1 is a hint that others share.
_STEMS: dict[Family, tuple[tuple[str, int], ...]] = {
    Family.RECOMMENDATION: (
        (r"recommend\w*", 3),
        (r"collaborative", 3),
        (r"what to (?:watch|read|buy|listen)\w*", 3),
        (r"ratings?", 2),
        (r"(?:movie|film|book|song|playlist|article)s?", 2),
        (r"users? and items?", 2),
        (r"similar items?", 2),
        (r"cold[ -]start", 2),
        (r"catalogue|catalog", 1),
        (r"items?", 1),
        (r"rank\w*", 1),
        (r"personali[sz]\w+", 1),
    ),
    Family.FORECASTING: (
        (r"forecast\w*", 3),
        (r"time[ -]series", 3),
        (r"(?:next|coming) (?:week|month|quarter|year|\d+ days)s?", 2),
        (r"predict (?:\w+ ){0,3}(?:sales|demand|visits|load|orders)", 2),
        (r"season\w*", 2),
        (r"(?:inventory|stock|replenish\w*|staffing)", 2),
        (r"(?:daily|weekly|monthly)", 1),
        (r"trend", 1),
        (r"horizon", 2),
        (r"how (?:much|many) (?:\w+ ){0,4}will", 2),
    ),
    Family.PRICING: (
        (r"pric(?:e|es|ing)", 2),
        (r"elasticit\w+", 3),
        (r"(?:markdown|mark-down|surcharge|margin)s?", 2),
        (r"revenue", 1),
        (r"discount depth", 2),
        (r"willingness to pay", 3),
        (r"optimal price|best price|set (?:the )?prices?", 3),
    ),
    Family.NEXT_BEST_ACTION: (
        (r"next[ -]best[ -](?:action|offer)", 3),
        (r"uplift", 3),
        (r"(?:churn|retention|retain)", 2),
        (r"(?:campaign|offer|coupon|voucher)s?", 2),
        (r"(?:e-?mail|call|contact|treat)\w*", 1),
        (r"which action|what to do (?:for|with)", 3),
        (r"propensity", 2),
        (r"convert|conversion", 1),
        (r"customers?", 1),
    ),
    Family.LOCATION_SCORING: (
        (r"locations?", 2),
        (r"(?:new|open(?:ing)?) (?:a )?(?:shop|store|branch|restaurant|site)s?", 3),
        (r"site selection", 3),
        (r"where to (?:open|build|place|put)", 3),
        (r"(?:latitude|longitude|geograph\w+|spatial|catchment|footfall)", 3),
        (r"(?:neighbou?rhood|district|city)", 1),
    ),
}
_PATTERNS = {
    family: [(re.compile(rf"\b{stem}\b", re.IGNORECASE), weight) for stem, weight in stems]
    for family, stems in _STEMS.items()
}
ENOUGH = 2
"""Weight from which a family is taken; below it the assistant asks."""


@dataclass(frozen=True)
class Recognised:
    """``also`` holds families that are as likely; then a person has to say which."""

    family: Family | None
    because: tuple[str, ...] = ()
    also: tuple[Family, ...] = ()


def recognise(text: str) -> Recognised:
    """The family with the most evidence, and the words it rests on."""
    scores: dict[Family, int] = {}
    words: dict[Family, list[str]] = {}
    for family, patterns in _PATTERNS.items():
        for pattern, weight in patterns:
            if found := pattern.search(text):
                scores[family] = scores.get(family, 0) + weight
                words.setdefault(family, []).append(found.group(0).lower())
    if not scores or max(scores.values()) < ENOUGH:
        return Recognised(None)
    best = max(scores.values())
    leading = [family for family, score in scores.items() if score == best]
    if len(leading) > 1:
        return Recognised(None, also=tuple(leading))
    return Recognised(leading[0], tuple(words[leading[0]]))


def named(text: str) -> Family | None:
    """The family whose name is all that was said, as an answer to a question: "pricing", "Next best action."."""
    plain = re.sub(r"[^a-z ]", "", text.lower().replace("_", " ").replace("-", " ")).strip()
    return next((family for family in Family if plain in (family.value.replace("_", " "), family.label.lower())), None)
