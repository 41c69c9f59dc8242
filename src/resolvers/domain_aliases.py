"""Other names of a tenant's sites, as the tenant gives them."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple, NoReturn

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col

from audit import Act, record
from auth.access import Access, require
from base.aliases import ANY, ANY_WWW, Aliases, aliases_of
from base.errors import BadUserInput
from base.ids import Kind, global_id
from database import table_of
from ingest.domains import InvalidDomain, domain_pattern, normal_domain
from loaders.organizations import OrganizationRow
from loaders.people import UserById, UserRow
from models import DomainAlias
from resolvers.context import Context
from resolvers.organizations import find_organization

MOST_ALIASES = 100


class GivenAlias(NamedTuple):
    domain: str
    name: str


async def set_domain_aliases(
    context: Context, organization_id: str, given: Sequence[GivenAlias]
) -> OrganizationRow:
    """Owners and admins of the organization may do so."""
    context.viewer.required_user_id()
    organization = await find_organization(context, organization_id)
    await require(context.loaders, context.viewer, [Access.ORGANIZATION_ADMIN], organization)
    aliases, changed = _checked(given), global_id(Kind.ORGANIZATION, organization.public_id)
    async with context.writing() as session:
        await _replace(session, organization.tenant_id, aliases)
        await record(
            session,
            context.actor,
            Act.ALIASES_CHANGED,
            changed,
            organization=organization.id,
            aliases=len(aliases.pairs),
        )
    return organization


async def set_own_domain_aliases(context: Context, given: Sequence[GivenAlias]) -> UserRow:
    user = await context.loaders[UserById].load(context.viewer.required_user_id())
    assert user is not None
    aliases, changed = _checked(given), global_id(Kind.USER, user.public_id)
    async with context.writing() as session:
        await _replace(session, user.tenant_id, aliases)
        await record(
            session,
            context.actor,
            Act.ALIASES_CHANGED,
            changed,
            account=user.id,
            aliases=len(aliases.pairs),
        )
    return user


async def _replace(session: AsyncSession, tenant_id: int, aliases: Aliases) -> None:
    """Figures in the cache stay, because none of them is by site."""
    await session.execute(delete(DomainAlias).where(col(DomainAlias.tenant_id) == tenant_id))
    rows = [{"tenant_id": tenant_id, "pattern": pattern, "name": name} for pattern, name in aliases.pairs]
    if rows:
        await session.execute(insert(table_of(DomainAlias)), rows)


def _checked(given: Sequence[GivenAlias]) -> Aliases:
    if len(given) > MOST_ALIASES:
        raise BadUserInput(f"At most {MOST_ALIASES} aliases.", argument="aliases", reason="TOO_MANY")
    aliases = aliases_of([_pair(one) for one in given])
    patterns = [pattern for pattern, _ in aliases.pairs]
    for pattern, other in pairwise(patterns):
        if pattern == other:
            _refuse(f"`{pattern}` has two names.")
    for pattern, name in aliases.pairs:
        if name == pattern:
            _refuse(f"`{pattern}` is no other name of itself.")
        if pattern != ANY_WWW and aliases.name_of(name) != name:
            _refuse(
                f"`{pattern}` leads to `{name}`, which is itself another name of a site: name the last one."
            )
    return aliases


def _pair(given: GivenAlias) -> tuple[str, str]:
    if (given.domain.strip(), given.name.strip()) == (ANY_WWW, ANY):
        return ANY_WWW, ANY
    return _domain(given.domain, domain_pattern), _domain(given.name, normal_domain)


def _domain(text: str, read: Callable[[str], str | None]) -> str:
    try:
        name = read(text)
    except InvalidDomain:
        name = None
    if name is None:
        raise BadUserInput(f"`{text[:253]}` is no domain.", argument="aliases", reason="INVALID_DOMAIN")
    return name


def _refuse(message: str) -> NoReturn:
    raise BadUserInput(message, argument="aliases", reason="INVALID_ALIAS")
