from typing import Annotated

import strawberry

from auth.viewer import TokenScope
from graph.fields import argument, described, mutation
from graph.info import Info
from graph.types.assets import Organization
from graph.types.payloads import SetDomainAliasesPayload, SetOwnDomainAliasesPayload
from graph.types.publication import User
from resolvers import domain_aliases
from resolvers.domain_aliases import GivenAlias


@strawberry.input(description="Another name of a site.")
class DomainAliasInput:
    domain: str = described(
        "A site such as `shop.example.com`; `*.example.com` for all sites below one; or www.*, with the "
        "name *, for any site with www. before it. Where several fit, the most exact one counts."
    )
    name: str = described(
        "The site under which it is shown and asked for. It is not itself one of the other names."
    )


@strawberry.input(description="All other names of the sites of an organization.")
class SetDomainAliasesInput:
    organization_id: strawberry.ID = described("The organization's global id.")
    aliases: list[DomainAliasInput] = described(
        "All of them, at most 100: those not in the list are removed."
    )


@strawberry.input(description="All other names of the sites of the viewer.")
class SetOwnDomainAliasesInput:
    aliases: list[DomainAliasInput] = described(
        "All of them, at most 100: those not in the list are removed."
    )


@strawberry.type
class DomainAliasMutations:
    """Other names of sites."""

    @mutation(TokenScope.ORGANIZATION)
    async def set_domain_aliases(
        self,
        info: Info,
        input: Annotated[SetDomainAliasesInput, argument("The organization, and all other names.")],
    ) -> SetDomainAliasesPayload | None:
        """Says which sites of an organization are the same. Owners and admins may. It holds in filters, in
        groups and in an asset's sites, for events of any time. What is stored stays as it is, so that each
        name can be taken back. For an asset's sites it holds within a minute. BAD_USER_INPUT with the reason
        INVALID_ALIAS where a name leads to another one."""
        row = await domain_aliases.set_domain_aliases(
            info.context, input.organization_id, _aliases(input.aliases)
        )
        return SetDomainAliasesPayload(organization=Organization.of(row))

    @mutation(TokenScope.USER)
    async def set_own_domain_aliases(
        self,
        info: Info,
        input: Annotated[SetOwnDomainAliasesInput, argument("All other names.")],
    ) -> SetOwnDomainAliasesPayload | None:
        """Says which of the sites that show the viewer's publications are the same, as `setDomainAliases`
        does for an organization."""
        row = await domain_aliases.set_own_domain_aliases(info.context, _aliases(input.aliases))
        return SetOwnDomainAliasesPayload(user=User.of(row))


def _aliases(given: list[DomainAliasInput]) -> list[GivenAlias]:
    return [GivenAlias(one.domain, one.name) for one in given]
