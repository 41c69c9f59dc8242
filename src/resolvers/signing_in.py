"""How the rest of a request becomes that of the user who has signed in."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from uuid import uuid4

from auth import sign_ins
from auth.sign_ins import Account, Lasting
from auth.tokens import AccessToken, Claims
from auth.viewer import Viewer
from base.errors import BadUserInput
from loaders.people import UserById, UserRow
from resolvers.context import Context


class SignedIn(NamedTuple):
    token: AccessToken
    user: UserRow
    refresh_token: str | None = None


@contextmanager
def another_viewer(context: Context) -> Iterator[None]:
    """The rest of the request is meant for the user who signs in here. If the sign-in fails, the rest is
    anonymous: the viewer from before may be allowed more than was meant.
    """
    try:
        yield
    except BaseException:
        context.viewer = Viewer(refusal="An earlier sign-in in this request failed.")
        raise


async def sign_in(context: Context, user_id: int, generation: int, *, goes_on: bool) -> SignedIn:
    """A new sign-in. `goes_on`: whether it goes on by refresh tokens."""
    user = await _user(context, user_id)
    claims = Claims(user.public_id, generation=generation, sign_in=uuid4())
    token = await _refresh_token(context, Account(user_id, generation), claims) if goes_on else None
    issued = await signed_in(context, Viewer(user_id), claims)
    context.has_shown_secret = True
    return issued._replace(refresh_token=token)


async def _refresh_token(context: Context, who: Account, claims: Claims) -> str:
    lasting = lasting_of(context)
    if not lasting.unused:
        raise BadUserInput(
            "This server gives no refresh tokens. Leave `staySignedIn` out, and sign in again when the token "
            "has expired.",
            argument="staySignedIn",
            reason="NO_REFRESH_TOKENS",
        )
    assert claims.sign_in
    async with context.services.database.writing(is_change=False) as session:
        return await sign_ins.begin(session, who, claims.sign_in, context.now, lasting)


def lasting_of(context: Context) -> Lasting:
    rules = context.services.accounts.rules
    return Lasting(rules.refresh_lifetime, rules.longest_sign_in)


async def signed_in(context: Context, viewer: Viewer, claims: Claims) -> SignedIn:
    """Makes `viewer` the viewer of the rest of the request, by credentials that are known already."""
    user = await _user(context, viewer.required_user_id())
    token = context.services.signer.issue(claims, context.now)
    context.viewer = viewer
    context.has_shown_secret = False
    context.key_made_at = None
    context.new_token = token.text
    return SignedIn(token, user)


def leave(context: Context, refusal: str) -> None:
    """The rest of the request is anonymous. `refusal` says why."""
    context.viewer = Viewer(refusal=refusal)
    context.new_token = None
    context.has_shown_secret = False
    context.key_made_at = None


async def _user(context: Context, user_id: int) -> UserRow:
    user = await context.loaders[UserById].load(user_id)
    assert user is not None
    return user
