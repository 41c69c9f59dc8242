"""Sign-ins by something that its owner has had for a while. Whoever steals an access token can make a key
with it: that key is new, and its owner has a day to notice.
"""

from datetime import datetime, timedelta
from typing import Final

from auth.sign_in import shown_identity
from base.errors import BadUserInput, Conflict
from loaders.credentials import AccountRow, IdentitiesOfUser
from resolvers.context import Context

SETTLED: Final = timedelta(days=1)
_FRESH: Final = timedelta(minutes=10)
"""How old a token of the issuer may be that shows that somebody has just signed in there."""


async def require_settled_sign_in(context: Context, account: AccountRow) -> None:
    """For an account without a password. Raises BAD_USER_INPUT without a sign-in of now, and CONFLICT for one
    by something that is newer than a day.
    """
    since = context.key_made_at or await _linked_at(context, account)
    if since is None:
        raise BadUserInput(
            "This account has no password. Sign in by `login` with an authentication key in the same "
            "document, or send a token that your issuer made in the last 10 minutes.",
            argument="password",
            reason="PASSWORD_REQUIRED",
        )
    settled_at = since + SETTLED
    if settled_at > context.now:
        what = "key was made" if context.key_made_at else "account at the issuer was linked"
        raise Conflict(
            f"This {what} less than a day ago. Use an older one, or try again from "
            f"{settled_at:%Y-%m-%d %H:%M:%S} UTC.",
            reason="SIGN_IN_TOO_NEW",
        )


async def _linked_at(context: Context, account: AccountRow) -> datetime | None:
    """When the account at the issuer was linked that the request shows a new token of; None without one."""
    foreign = context.services.accounts.foreign
    shown = await shown_identity(context.credentials, foreign, context.now)
    if shown is None or context.new_token or shown.issued_at < context.now - _FRESH:
        return None
    linked = await context.loaders[IdentitiesOfUser].load(account.user_id)
    its = (shown.issuer, shown.subject)
    return next((one.linked_at for one in linked if (one.issuer, one.subject) == its), None)
