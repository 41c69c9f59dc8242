from typing import Self

import strawberry

from base.aliases import Aliases
from graph.faces import shows
from graph.fields import described


@shows(Aliases)
@strawberry.type(description="Another name of a site, under which it is not shown.")
class DomainAlias:
    domain: str = described(
        "A site, `*.` and a site for all those below it, or www.* for any site with www. before it."
    )
    name: str = described("The site under which it is shown; * for www.*: what stands behind it.")

    @classmethod
    def of(cls, aliases: Aliases) -> list[Self]:
        return [cls(domain=pattern, name=name) for pattern, name in aliases.pairs]
