"""What callers send."""

from typing import Any

import strawberry

from graph.enums import OrderDirection, PublicationOrderField
from graph.fields import described
from graph.scalars import RangeBound


def changeable(description: str) -> Any:
    """A field of an input that changes something: null is a value, and what is left out stays as it is."""
    return strawberry.field(description=description, default=strawberry.UNSET)


def given(input: object) -> Any:
    """All that the caller gave, null included, by the names of the attributes."""
    return {name: value for name, value in vars(input).items() if value is not strawberry.UNSET}


def optional(description: str, default: Any = None) -> Any:
    """A field that means the same when it is null and when it is left out."""
    field = strawberry.field(description=description, default=default)
    if default is None:
        # Absent and null mean the same, so the schema need not say `= null`.
        field.default_value = strawberry.UNSET
    return field


@strawberry.input(
    description="From one bound to another. Both are included, to the second: an end of 23:59:59 includes "
    "23:59:59.999. BAD_USER_INPUT if the range ends before it starts, or covers more days than "
    "`limits.maxRangeDays`."
)
class DateRange:
    start: RangeBound = described(
        "Where the range starts: an instant, a local time in the asked time zone, or a day, which counts "
        "from its start."
    )
    end: RangeBound = described(
        "Where the range ends: an instant, a local time in the asked time zone, or a day, which counts as "
        "a whole."
    )


@strawberry.input(description="One way to name a user: exactly one is given.", one_of=True)
class UserBy:
    id: strawberry.ID | None = described("The user's global id.")
    username: str | None = described("The user's unique name.")


@strawberry.input(description="How publications are sorted.")
class PublicationOrder:
    field: PublicationOrderField = described("What publications are sorted by.")
    direction: OrderDirection = described("Whether the smallest or the largest comes first.")
