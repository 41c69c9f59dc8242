"""What is counted of subjects, and how counts are keyed."""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple, Protocol, Self, TypeVar

from base.calendar import Span
from database import Database
from loaders.domains import SitesKey, sites
from models import Action


class Dimension(Enum):
    """What a count may be split by, within one subject."""

    DEVICE = "DEVICE"
    DOMAIN = "DOMAIN"


class Measure(NamedTuple):
    """What to count, the same for every subject of a batch."""

    actions: tuple[Action, ...]
    spans: tuple[Span, ...]
    """In order; they do not overlap."""
    dimensions: frozenset[Dimension] = frozenset()
    domain: str | None = None
    """Only events from this site, under all of its names, or from all sites below it (`*.`); None for all."""
    domain_ids: tuple[int, ...] | None = None
    """The ids of these sites for the tenant. They are found when counts are read."""


class Cell(NamedTuple):
    """What a count is about. `device` and `domain` are None if counts are not split by them. An empty
    `domain` stands for events without a site."""

    position: int
    action: Action
    device: int | None = None
    domain: str | None = None


Cells = dict[Cell, int]
TenantSubject = tuple[int, int]
"""Tenant and subject."""


class _Key(Protocol):
    @property
    def tenant_id(self) -> int: ...

    @property
    def measure(self) -> Measure: ...

    def _replace(self, *, measure: Measure) -> Self: ...


K = TypeVar("K", bound=_Key)


async def with_domain_ids(database: Database, keys: Sequence[K]) -> Sequence[K]:
    """The keys, with the ids of the domains that each means by its site: every tenant has its own names
    for sites."""
    if all(key.measure.domain is None for key in keys):
        return keys
    asked = {SitesKey(key.tenant_id, domain) for key in keys if (domain := key.measure.domain)}
    found = await sites(database, asked)
    return [
        key._replace(measure=key.measure._replace(domain_ids=found[SitesKey(key.tenant_id, domain)]))
        if (domain := key.measure.domain)
        else key
        for key in keys
    ]
