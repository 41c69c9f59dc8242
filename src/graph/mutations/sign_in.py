from typing import Annotated

import strawberry

from auth.viewer import TokenScope
from graph.directives import A_SIGN_IN
from graph.fields import argument, described, mutation
from graph.info import Info
from graph.inputs import optional
from graph.mutations.arguments import OrganizationId
from graph.types.payloads import (
    AuthPayload,
    CreateAuthenticationKeyPayload,
    RevokeAuthenticationKeyPayload,
    StreamTicketPayload,
)
from resolvers import accounts


@strawberry.input(description="An account's email and password.")
class PasswordInput:
    email: str = described("The account's email, in upper or lower case.")
    password: str = described("The account's password, exactly as it was set.")


@strawberry.input(description="One way to sign in: exactly one is given.", one_of=True)
class LoginInput:
    password: PasswordInput | None = described("By email and password.")
    authentication_key: str | None = described(
        "By the secret of an authentication key, for programs: see `createAuthenticationKey`."
    )


@strawberry.input(description="A key by which a program signs in.")
class CreateAuthenticationKeyInput:
    name: str = described("What the key is for, to know it from others: 1 to 100 characters.")
    days: int = optional("How many days of 24 hours it is valid, from 1 to 730.", 90)


@strawberry.type
class SignInMutations:
    """Signing in, and keys."""

    @mutation(TokenScope.WORKSPACE, costs=A_SIGN_IN)
    async def login(
        self,
        info: Info,
        input: Annotated[LoginInput, argument("How to sign in.")],
        stay_signed_in: Annotated[
            bool,
            argument(
                "Whether to get a refresh token, too, with which `refreshAccessToken` gives further access "
                "tokens. BAD_USER_INPUT with a key, which gives a new token at any time, and if this server "
                "gives none."
            ),
        ] = False,
    ) -> AuthPayload | None:
        """Gives a token for a password or an authentication key: step 1 of signing in. The token is also
        in the response header `x-auth-token`. This mutation itself needs no token. UNAUTHENTICATED if the
        password or key is wrong; THROTTLED after too many tries, with `retryAfter` in seconds."""
        if input.password is not None:
            signed_in = await accounts.login_by_password(
                info.context, input.password.email, input.password.password, goes_on=stay_signed_in
            )
        else:
            signed_in = await accounts.login_by_key(
                info.context, input.authentication_key or "", goes_on=stay_signed_in
            )
        return AuthPayload.of(signed_in)

    @mutation(TokenScope.USER)
    async def issue_organization_token(
        self, info: Info, organization_id: OrganizationId
    ) -> AuthPayload | None:
        """Gives a token that acts within one organization that the viewer belongs to: step 3 of signing
        in, after the query `organizations`."""
        return AuthPayload.of(await accounts.organization_token(info.context, organization_id))

    @mutation(TokenScope.ORGANIZATION)
    async def issue_workspace_token(
        self,
        info: Info,
        organization_id: OrganizationId,
        workspace_id: Annotated[strawberry.ID, argument("The workspace's global id.")],
    ) -> AuthPayload | None:
        """Gives a token that acts within one workspace that the viewer may enter: step 5 of signing in,
        after the query `workspaces` of the organization. Owners and admins of the organization do not need
        it."""
        return AuthPayload.of(await accounts.workspace_token(info.context, organization_id, workspace_id))

    @mutation(TokenScope.WORKSPACE)
    async def issue_stream_ticket(self, info: Info) -> StreamTicketPayload | None:
        """Gives a ticket that opens subscriptions for clients that cannot send a header, such as event
        sources in browsers: they add it to the address, as the parameter `ticket`. It acts as the token or
        the key of this request does. The stream ends when that expires, and after the lifetime of a token at
        the latest. A key that is revoked later ends it only then."""
        return StreamTicketPayload.of(await accounts.stream_ticket(info.context))

    @mutation(TokenScope.USER)
    async def create_authentication_key(
        self, info: Info, input: Annotated[CreateAuthenticationKeyInput, argument("The key to make.")]
    ) -> CreateAuthenticationKeyPayload | None:
        """Makes a key by which a program signs in as the viewer."""
        key = await accounts.create_key(info.context, name=input.name, days=input.days)
        return CreateAuthenticationKeyPayload.of(key)

    @mutation(TokenScope.USER)
    async def revoke_authentication_key(
        self,
        info: Info,
        id: Annotated[strawberry.ID, argument("The key's global id, as `createAuthenticationKey` gave it.")],
    ) -> RevokeAuthenticationKeyPayload | None:
        """Ends one of the viewer's own keys: the key is refused from now on. Any other key is NOT_FOUND."""
        return RevokeAuthenticationKeyPayload(id=strawberry.ID(await accounts.revoke_key(info.context, id)))
