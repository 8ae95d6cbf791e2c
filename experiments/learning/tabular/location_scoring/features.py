"""Which columns models of places learn from, and the parameters that both kinds of model share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from experiments.learning.recommenders.base import Parameters
from experiments.learning.tabular.base import TableError, TablePart, TabularData
from experiments.learning.tabular.encoding import Encoder, Missing

Coordinates = Annotated[
    bool,
    Field(
        title="Learn from coordinates",
        description="Latitude and longitude are features too: finds neighbourhoods, and may mislead on land far from "
        "any training place.",
    ),
]


class PlaceParameters(Parameters):
    coordinates: Coordinates = False


def encoder_for(data: TabularData, part: TablePart, parameters: PlaceParameters, missing: Missing) -> Encoder:
    """Fitted on the training places. Raises TableError where there is nothing to learn from, or a column is missing."""
    roles = data.roles
    place = (roles.latitude, roles.longitude) if parameters.coordinates else ()
    if not (roles.numeric or roles.categorical or place):
        raise TableError(
            "No column is a numeric or categorical feature. Accepted: at least one, or learning from coordinates."
        )
    numeric = tuple(dict.fromkeys((*roles.numeric, *place)))
    return Encoder.fit(
        data.frame.iloc[part.train], numeric, roles.categorical, rare_below=data.rare_below, missing=missing
    )
