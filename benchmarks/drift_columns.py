"""20 columns of which seven move: 15 of numbers, 5 of categories. NumPy only: the peer reads it too."""

from pathlib import Path

import numpy as np

NUMBERS = [f"n{place:02d}" for place in range(15)]
CATEGORIES = [f"c{place}" for place in range(5)]
MOVED = {"n00", "n03", "n06", "n09", "n12", "c1", "c3"}


def made(rows: int, seed: int, moved: bool) -> dict[str, np.ndarray]:
    """Normal, beta, lognormal and Poisson columns, each third of which moves, and categories by 1 / rank, two of which
    turn upside down."""
    rng = np.random.default_rng(seed)
    columns: dict[str, np.ndarray] = {}
    for place, name in enumerate(NUMBERS):
        on = moved and place % 3 == 0
        if place % 5 == 4:
            columns[name] = rng.poisson(20 + (3 if on else 0), rows).astype(np.int64)
        elif place % 5 == 3:
            columns[name] = rng.lognormal(0.3 if on else 0.0, 0.8, rows)
        elif place % 5 == 2:
            columns[name] = rng.beta(2, 5 - (1 if on else 0), rows)
        else:
            columns[name] = rng.normal(0.25 if on else 0.0, 1.0, rows)
    for place, values in enumerate((3, 8, 20, 50, 200)):
        shares = 1.0 / np.arange(1, values + 1)
        if moved and place in (1, 3):
            shares = shares[::-1].copy()
        words = np.array([f"v{number}" for number in range(values)], dtype=object)
        columns[f"c{place}"] = words[rng.choice(values, rows, p=shares / shares.sum())]
    return columns


def reset_peak() -> float:
    """Memory of this process in MB now; the peak is counted from here (Linux)."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def peak() -> float:
    """MB since ``reset_peak``."""
    return _status("VmHWM")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(name + ":"))
