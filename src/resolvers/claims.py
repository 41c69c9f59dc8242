"""The viewer of a request as claims, for what is signed: tokens, links to reports, and tickets of streams."""

from auth.sign_in import own_claims
from auth.tokens import Claims
from loaders.credentials import AccountById
from resolvers.context import Context


def shown_claims(context: Context) -> Claims | None:
    """Those of the access token that the rest of the request acts by. None for a key, and for a token of
    another issuer. It does not say whether they still hold.
    """
    signer = context.services.signer
    if context.new_token:
        return signer.read(context.new_token, context.now)
    return own_claims(context.credentials, signer, context.now)


async def claims_of(context: Context) -> Claims:
    """As in an access token of the viewer. Raises UNAUTHENTICATED if nobody is signed in."""
    user_id = context.viewer.required_user_id()
    if shown := shown_claims(context):
        return shown
    # Keys and tokens of other issuers are for no organization.
    account = await context.loaders[AccountById].load(user_id)
    assert account is not None
    return Claims(account.public_id, generation=account.generation or 0)
