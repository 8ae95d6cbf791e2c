"""Words for made-up items and users."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GENRES = (
    "Drama", "Comedy", "Action", "Thriller", "Romance", "Adventure", "Crime", "Science Fiction", "Fantasy", "Animation",
    "Documentary", "Western",
)  # fmt: skip
AGE_GROUPS = ("18-24", "25-34", "35-44", "45-54", "55+")
COUNTRIES = ("US", "DE", "IN", "BR", "FR", "JP", "KE", "SE")
_QUALITIES = (
    "Silent", "Golden", "Broken", "Hidden", "Distant", "Burning", "Paper", "Winter", "Electric", "Crimson", "Endless",
    "Quiet", "Borrowed", "Northern", "Invisible", "Second", "Velvet", "Hollow", "Restless", "Blue", "Forgotten",
    "Glass", "Wandering", "Last",
)  # fmt: skip
_THINGS = (
    "Harbor", "Garden", "Empire", "Letter", "Orchard", "Signal", "River", "Station", "Mirror", "Horizon", "Lantern",
    "Compass", "Bridge", "Archive", "Island", "Parade", "Theorem", "Kingdom", "Voyage", "Summer", "Machine", "Promise",
    "Detective", "Atlas",
)  # fmt: skip


def make_titles(random: np.random.Generator, years: NDArray[np.int64]) -> list[str]:
    """Distinct titles that end in the year, as MovieLens titles do: "The Silent Harbor (1994)"."""
    pairs = len(_QUALITIES) * len(_THINGS)
    order = random.permutation(pairs)
    titles = []
    for number, year in enumerate(years):
        round_, place = divmod(number, pairs)
        quality, thing = divmod(int(order[place]), len(_THINGS))
        sequel = f" {round_ + 1}" if round_ else ""
        titles.append(f"The {_QUALITIES[quality]} {_THINGS[thing]}{sequel} ({year})")
    return titles
