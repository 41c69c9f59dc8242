"""Links to what is kept of a person."""

from collections.abc import AsyncIterator
from typing import Final

from audit import Act, record
from auth.links import Link
from auth.sign_in import viewer_of_claims
from base.errors import NotFound, Unauthenticated
from base.ids import Kind, global_id
from resolvers.claims import claims_of
from resolvers.context import Context
from resolvers.person_export import person_file

_QUESTION: Final = {"of": "person"}
FILENAME: Final = "viewgraph-account.json"


async def person_url(context: Context) -> str:
    """An absolute address, as of a report."""
    user_id = context.viewer.required_user_id()
    claims = await claims_of(context)
    async with context.writing() as session:
        account = global_id(Kind.USER, claims.user)
        await record(session, context.actor, Act.ACCOUNT_EXPORTED, account, account=user_id)
    link = Link(claims, _QUESTION)
    return f"{context.base_url()}reports/{context.services.links.sign(link, context.now)}"


def asks_for_person(link: Link) -> bool:
    return dict(link.question) == _QUESTION


async def linked_person(context: Context, link: Link) -> AsyncIterator[bytes]:
    """Makes the person the viewer. Raises NOT_FOUND if the account is gone."""
    try:
        context.viewer = await viewer_of_claims(link.claims, context.loaders)
    except Unauthenticated:
        raise NotFound("There is no such report.") from None
    return person_file(context.services.database, context.viewer.required_user_id(), context.now)
