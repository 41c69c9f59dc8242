"""Arguments that mean the same wherever figures are asked for."""

from collections.abc import Sequence
from typing import Annotated

from base.calendar import DateInterval, WeekStart
from graph.fields import argument
from graph.inputs import DateRange
from graph.scalars import TimeZone
from loaders.asset_metrics import Group

UTC = TimeZone("UTC")

Range = Annotated[DateRange, argument("What is covered. Both ends are included, to the second.")]
Zone = Annotated[
    TimeZone | None,
    argument(
        "By whose clock days and local times of `range` are read, and the buckets of series made; UTC when "
        "null."
    ),
]
OneDomain = Annotated[
    str | None,
    argument(
        "Only what came from this site, such as `example.com`, under whatever name `domainAliases` has for "
        "it; from all sites below one, as in `*.example.com`; or from `(other)`: see `ViewPoint.domain`. "
        "From anywhere when null."
    ),
]
Interval = Annotated[DateInterval, argument("How long the buckets are.")]
GroupBy = Annotated[
    Sequence[Group] | None, argument("What each bucket is split by; one point a bucket when empty.")
]
GroupByOfPublication = Annotated[
    Sequence[Group] | None,
    argument(
        "DEVICE, DOMAIN or both; one point a bucket when empty. ASSET and WORKSPACE are BAD_USER_INPUT."
    ),
]
ZeroFill = Annotated[
    bool,
    argument("Whether each bucket has a point for each group that occurs in the range, also where it is 0."),
]
WeeksStart = Annotated[
    WeekStart, argument("Where weeks start, and by which rule they are numbered; for WEEK alone.")
]
