"""Words and shapes that the others share."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

LonLat = tuple[float, float]
Corner = tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]]
Corners = Annotated[list[Corner], Field(max_length=1_000)]
Said = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\x00-\x08\x0b-\x1f]*$")]
"""What a person wrote: no control characters but line breaks and tabs."""
Name = Annotated[Said, StringConstraints(min_length=1, max_length=100)]


class Model(BaseModel):
    """Base of all: nothing undocumented may be sent."""

    model_config = ConfigDict(extra="forbid")


class LineString(Model):
    """GeoJSON."""

    type: Literal["LineString"]
    coordinates: list[LonLat] = Field(min_length=2)


class Point(Model):
    """GeoJSON."""

    type: Literal["Point"]
    coordinates: LonLat


class Polygon(Model):
    """GeoJSON."""

    type: Literal["Polygon"]
    coordinates: list[list[LonLat]]
