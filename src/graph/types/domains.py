from collections.abc import Callable, Sequence
from typing import Any, Self

import strawberry

from auth.access import Access
from base.aliases import Aliases
from graph.directives import list_of
from graph.faces import shows
from graph.fields import described, loaded
from loaders.domains import AliasesOfTenant
from resolvers.domain_aliases import MOST_ALIASES


@shows(Aliases)
@strawberry.type(description="Another name of a site. The site is not shown under it, but under `name`.")
class DomainAlias:
    domain: str = described(
        "The other name: a site; `*.` and a site, for all sites below it; or www.*, for any site with www. "
        "before it."
    )
    name: str = described(
        "The site that is shown instead. For www.* it is *, which means the same site without www."
    )

    @classmethod
    def of(cls, aliases: Aliases) -> list[Self]:
        return [cls(domain=pattern, name=name) for pattern, name in aliases.pairs]


def domain_aliases_for(requires: Sequence[Access]) -> Callable[[Any], Any]:
    """The field `domainAliases`, for viewers with one of the relations in `requires`. The decorated function
    gives the id of the tenant.
    """
    costs = list_of(MOST_ALIASES)
    return loaded(AliasesOfTenant, list[DomainAlias] | None, requires=requires, costs=costs)
