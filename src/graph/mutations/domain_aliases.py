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
        "name *, for any site with www. before it. If several fit a site, the most exact one counts."
    )
    name: str = described(
        "The site under which `domain` is shown and asked for. It must not be one of the other names itself."
    )


@strawberry.input(description="All other names of the sites of an organization.")
class SetDomainAliasesInput:
    organization_id: strawberry.ID = described("The organization's global id.")
    aliases: list[DomainAliasInput] = described(
        "All other names, at most 100: names that are not in the list are removed."
    )


@strawberry.input(description="All other names of the sites of the viewer.")
class SetOwnDomainAliasesInput:
    aliases: list[DomainAliasInput] = described(
        "All other names, at most 100: names that are not in the list are removed."
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
        """Sets the other names of an organization's sites, so that several sites are shown as one. Owners
        and admins may do so. The names apply to filters, groups and an asset's sites, for events of any
        time; for an asset's sites they apply within a minute. Stored events stay as they are, so each name
        can be taken back. BAD_USER_INPUT with the reason INVALID_ALIAS if a `name` is itself another name."""
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
        """Sets the other names of the sites that show what belongs to the viewer, so that several sites
        are shown as one. The names apply to filters and groups, for events of any time. Stored events stay
        as they are, so each name can be taken back. BAD_USER_INPUT with the reason INVALID_ALIAS if a
        `name` is itself another name."""
        row = await domain_aliases.set_own_domain_aliases(info.context, _aliases(input.aliases))
        return SetOwnDomainAliasesPayload(user=User.of(row))


def _aliases(given: list[DomainAliasInput]) -> list[GivenAlias]:
    return [GivenAlias(one.domain, one.name) for one in given]
