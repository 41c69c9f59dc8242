"""Which events of assets are asked for, as clients write it."""

from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

# GraphQL checks it, and its error has the better words.
_DAY = r"(19[7-9][0-9]|2[0-9]{3})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_MINUTE = r"([01][0-9]|2[0-3]):[0-5][0-9]"
_DATE = {"pattern": rf"^{_DAY}(T{_MINUTE}(:[0-5][0-9](\.[0-9]+)?([Zz]|[+-]{_MINUTE})?)?)?$"}

StartDate = Annotated[
    str,
    Meta(
        description="A day, a local time in UTC or an instant.",
        examples=["2023-06-01T00:00:00"],
        extra_json_schema=_DATE,
    ),
]
EndDate = Annotated[
    str,
    Meta(
        description="The same; it is included to its last second, and a day as a whole.",
        examples=["2023-07-01T23:59:59"],
        extra_json_schema=_DATE,
    ),
]


class Filters(Struct, kw_only=True):
    """Which events count. A list that is null or absent means all."""

    startDate: StartDate
    endDate: EndDate
    clientUuids: Annotated[list[str] | None, Meta(description="Workspaces.")] = None
    productsUuid: Annotated[list[str] | None, Meta(description="Assets.")] = None
    productUuids: Annotated[
        list[str] | None, Meta(description="Another spelling of `productsUuid`. Together they are one list.")
    ] = None
    domain: Annotated[
        Annotated[str, Meta(min_length=1)] | None,
        Meta(description="The site on which the asset was shown; null for all."),
    ] = None


class _ViewsFilters(Filters, kw_only=True, tag_field="viewType"):
    """Which views are counted, and how they are split."""

    dateInterval: Literal["DAY", "WEEK", "MONTH"]
    returnFields: Annotated[
        list[Literal["device"]] | None, Meta(description="With `device`, the counts are split by device.")
    ] = None


class Views3D(_ViewsFilters, tag="3DView"):
    """Views on a page."""

    actionTypes: (
        Annotated[list[Literal["view"]], Meta(description="Null means the same.", min_length=1)] | None
    ) = None


class ViewsAR(_ViewsFilters, tag="ARView"):
    """Views in augmented reality."""

    actionTypes: (
        Annotated[list[Literal["click", "scan"]], Meta(description="Null means both.", min_length=1)] | None
    ) = None


ViewsFilters: TypeAlias = Views3D | ViewsAR
