"""The figures of assets, as clients get them."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType


class Format(Struct):
    type: str
    url: str
    sizeBytes: int | None


class MostViewed(Struct):
    """The asset with the most 3D views, and its figures of the range."""

    uuid: UUID
    name: str
    total3DViews: int
    totalARViews: int
    userEngagement: int
    avgNumberInteractions: float
    formats: list[Format]


class Dashboard(Struct):
    total3DViews: int
    totalARViews: int
    userEngagement: int
    avgNumberInteractions: float
    mostViewedProduct: MostViewed | None


class Point(Struct):
    dateInterval: Annotated[str, Meta(description="The bucket: YYYYMMDD, YYYYww (ISO week) or YYYYMM.")]
    count: int
    deviceCategory: Annotated[
        str | UnsetType | None,
        Meta(description="desktop, mobile or tablet; null for other and unknown devices."),
    ] = UNSET


class Views(Struct):
    count: Annotated[int, Meta(description="All views of the range: the sum of the grid.")]
    grid: list[Point]


class ReportFile(Struct):
    document: Annotated[str, Meta(description="The workbook in base64.")]
    contentType: str
