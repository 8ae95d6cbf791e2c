"""The globe in squares of so many kilometres."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from experiments.learning.tabular.base import Floats, Rows, TableError

EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""
KM_A_DEGREE = 2 * math.pi * EARTH_KM / 360
_MOST_IN_A_BAND = 1 << 32


def squares(latitude: Floats, longitude: Floats, block_km: float) -> NDArray[np.int64]:
    """Number of the square each place lies in, shape (n,); the same place is always in the same square.

    Bands of ``block_km`` from the south pole up, each cut along its middle latitude into equal cells of about
    ``block_km`` (as many as fill the circle), so that squares are as large in Norway as in Kenya; at the poles a band
    is one cell.

    Raises TableError for a latitude beyond ±90 or a longitude beyond ±180.
    """
    for name, values, limit in (("latitude", latitude, 90.0), ("longitude", longitude, 180.0)):
        if (np.abs(values) > limit).any():
            wrong = values[np.abs(values) > limit][0]
            raise TableError(f"{name} is {wrong:g}. Accepted: degrees from -{limit:g} to {limit:g}.")
    height = block_km / KM_A_DEGREE
    band = np.floor((latitude + 90.0) / height)
    middle = np.minimum((band + 0.5) * height - 90.0, 90.0)
    around = np.maximum(np.round(360.0 * KM_A_DEGREE * np.cos(np.radians(middle)) / block_km), 1.0)
    cell = np.floor((longitude + 180.0) / 360.0 * around) % around
    return np.asarray(band * _MOST_IN_A_BAND + cell, dtype=np.int64)


def km_to_nearest(latitude: Floats, longitude: Floats, places: Rows, others: Rows) -> Floats:
    """Great-circle kilometres from each of ``places`` to the nearest of ``others`` (row positions), shape (places,).

    The chord between points on the unit sphere, found by a k-d tree, turned into the arc: 2 R asin(chord / 2).
    """
    from scipy.spatial import KDTree

    up, around = np.radians(latitude), np.radians(longitude)
    points = np.stack([np.cos(up) * np.cos(around), np.cos(up) * np.sin(around), np.sin(up)], axis=1)
    chord, _ = KDTree(points[others]).query(points[places])
    return np.asarray(2 * EARTH_KM * np.arcsin(np.minimum(chord / 2, 1.0)), dtype=np.float64)
