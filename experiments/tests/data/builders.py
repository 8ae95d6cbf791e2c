"""Small data for the tests of this folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from experiments.learning.data.interactions import Interactions


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def table(
    rows: list[tuple], *, feedback: str = "explicit", scale: tuple[float, float] | None = (1.0, 5.0)
) -> Interactions:
    """Interactions from (user, item, value, timestamp or None, part or None) rows, in the given order."""
    users, items, values, times, parts = zip(*[(*row, *[None] * (5 - len(row))) for row in rows], strict=True)
    user_ids, user = np.unique(np.array(users, dtype=np.str_), return_inverse=True)
    item_ids, item = np.unique(np.array(items, dtype=np.str_), return_inverse=True)
    return Interactions(
        user=user.astype(np.int32),
        item=item.astype(np.int32),
        value=np.array(values, np.float32),
        timestamp=None if times[0] is None else np.array(times, np.int64),
        part=None if parts[0] is None else np.array(parts, np.int8),
        user_ids=user_ids,
        item_ids=item_ids,
        feedback=feedback,
        scale=scale,
    )


def random_table(seed: int, **fields: object) -> Interactions:
    """Distinct pairs with random ratings, times with ties, and features of every kind."""
    random = np.random.default_rng(seed)
    users, items, rows = 12, 15, 90
    cells = np.sort(random.choice(users * items, size=rows, replace=False))
    data = table(
        [
            (f"u{c // items:03d}", f"i{c % items:03d}", random.integers(1, 6), int(random.integers(0, 40)) * 1000)
            for c in cells
        ]
    )
    genres = pd.Series(
        [[["Drama", "Comedy", "War"][g] for g in range(3) if random.random() < 0.5] for _ in range(data.num_items)]
    )
    item_frame = pd.DataFrame(
        {
            "genres": genres,
            "title": [f"Title {j}" for j in range(data.num_items)],
            "year": random.integers(1950, 2020, data.num_items) + 0.0,
        }
    )
    user_frame = pd.DataFrame({"country": random.choice(["DE", "FR", "IN"], data.num_users)}).astype("str")
    values = {**data.__dict__, "items": item_frame, "users": user_frame, **fields}
    return Interactions(**values)


def as_rows(data: Interactions) -> set[tuple]:
    """What the data says, without codes and order."""
    times = data.timestamp if data.timestamp is not None else [None] * len(data)
    parts = data.part if data.part is not None else [None] * len(data)
    return {
        (
            str(data.user_ids[u]),
            str(data.item_ids[i]),
            float(v),
            None if t is None else int(t),
            None if p is None else int(p),
        )
        for u, i, v, t, p in zip(data.user, data.item, data.value, times, parts, strict=True)
    }
