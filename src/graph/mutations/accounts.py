from typing import Annotated

import strawberry

from auth.viewer import TokenScope
from graph.directives import A_SIGN_IN
from graph.fields import argument, described, mutation
from graph.info import Info
from graph.inputs import optional
from graph.types.account_payloads import (
    ChangeEmailPayload,
    ConfirmEmailPayload,
    LinkIdentityPayload,
    RequestPasswordResetPayload,
    ResetPasswordPayload,
    SignOutPayload,
    SignUpPayload,
    UnlinkIdentityPayload,
)
from graph.types.payloads import AuthPayload
from graph.types.publication import User
from resolvers import identities, passwords, sign_outs, sign_ups

_RULE = "8 to 256 characters, and none that is guessed soon, such as a common one or the account's own name"


@strawberry.input(description="A password, and the one that takes its place.")
class ChangePasswordInput:
    current_password: str = described("The password of before.")
    new_password: str = described(f"The new password: {_RULE}.")
    stay_signed_in: bool = optional("Whether to get a refresh token, too: see `login`.", False)


@strawberry.input(description="A new password, and the link that allows to set it.")
class ResetPasswordInput:
    token: str = described("The token of the link. It is good for once.")
    password: str = described(f"The new password: {_RULE}.")


@strawberry.input(description="Who wants an account.")
class SignUpInput:
    email: str = described("The address to sign in with. The link that makes the account is sent there.")
    username: str = described(
        "A unique name, which others see: 1 to 40 characters, without spaces and symbols. It is stored in "
        "lower case. A name that looks like that of another account is taken."
    )
    password: str = described(f"The password to sign in with: {_RULE}.")
    name: str | None = optional("The name by which the person wants to be called, of 1 to 200 characters.")


@strawberry.input(description="A new address of the viewer's account.")
class ChangeEmailInput:
    email: str = described("The new address. It counts when the link was used that is sent there.")
    password: str = described("The password of the account.")


@strawberry.type
class AccountMutations:
    """Accounts, and the end of sign-ins."""

    @mutation(TokenScope.WORKSPACE)
    async def refresh_access_token(
        self, info: Info, refresh_token: Annotated[str, argument("The newest refresh token of the sign-in.")]
    ) -> AuthPayload | None:
        """Gives a new access token, and the next refresh token, for the user of the sign-in. This mutation
        itself needs no token. Each refresh token is good for once. If one comes a second time, somebody else
        may have it: UNAUTHENTICATED, and the sign-in ends with all of its tokens. THROTTLED after too many
        that were not good."""
        return AuthPayload.of(await sign_outs.refresh(info.context, refresh_token))

    @mutation(TokenScope.WORKSPACE)
    async def sign_out(self, info: Info) -> SignOutPayload | None:
        """Ends the sign-in that the token of this request comes from: all its access tokens, also those for
        organizations and workspaces, and its refresh token are refused from now on. The rest of the operation
        is anonymous. FORBIDDEN with a key, or with a token of another issuer."""
        return SignOutPayload(user=User.of(await sign_outs.sign_out(info.context)))

    @mutation(TokenScope.USER)
    async def sign_out_everywhere(
        self,
        info: Info,
        revoke_keys: Annotated[bool, argument("Whether the viewer's authentication keys end, too.")] = False,
    ) -> SignOutPayload | None:
        """Ends all sign-ins of the viewer: every access token and refresh token that was issued before is
        refused from now on, and so are tokens of another issuer that are older. Links to reports of the
        viewer end, too, and links that were mailed. The rest of the operation is anonymous."""
        done = await sign_outs.sign_out_everywhere(info.context, with_keys=revoke_keys)
        return SignOutPayload(user=User.of(done))

    @mutation(TokenScope.USER, costs=A_SIGN_IN)
    async def change_password(
        self, info: Info, input: Annotated[ChangePasswordInput, argument("The two passwords.")]
    ) -> AuthPayload | None:
        """Gives the viewer another password, and a new token. Every other token of before ends, as by
        `signOutEverywhere`; keys stay. BAD_USER_INPUT if the password of before is another one, or if the new
        one may not be chosen; FORBIDDEN if the account has none; THROTTLED after too many tries."""
        done = await passwords.change_password(
            info.context, input.current_password, input.new_password, goes_on=input.stay_signed_in
        )
        return AuthPayload.of(done)

    @mutation(TokenScope.WORKSPACE)
    async def request_password_reset(
        self, info: Info, email: Annotated[str, argument("The address of the account.")]
    ) -> RequestPasswordResetPayload | None:
        """Sends a link to an account's address, by which its owner can set another password. The answer is
        the same whether or not there is such an account. This mutation needs no token. FORBIDDEN if this
        server sends no mail; THROTTLED after too many mails to one address, or tries from one."""
        return RequestPasswordResetPayload(expires_at=await passwords.request_reset(info.context, email))

    @mutation(TokenScope.WORKSPACE, costs=A_SIGN_IN)
    async def reset_password(
        self, info: Info, input: Annotated[ResetPasswordInput, argument("The link and the password.")]
    ) -> ResetPasswordPayload | None:
        """Sets another password by a link, once. All tokens of before end, all other links of the account,
        and what accounts of another issuer it is linked to; keys stay. This mutation needs no token.
        NOT_FOUND if the link was used before, has expired, or was replaced by a newer one."""
        user = await passwords.reset_password(info.context, input.token, input.password)
        return ResetPasswordPayload(user=User.of(user))

    @mutation(TokenScope.WORKSPACE, costs=A_SIGN_IN)
    async def sign_up(
        self, info: Info, input: Annotated[SignUpInput, argument("Who wants an account.")]
    ) -> SignUpPayload | None:
        """Sends a link to the given address, and `confirmEmail` then makes the account. If the address has an
        account already, it gets mail that says so, and the answer is the same. This mutation needs no token.
        FORBIDDEN if nobody can sign up here; CONFLICT if the username is taken; THROTTLED after too many
        mails to one address, or tries from one."""
        given = sign_ups.GivenSignUp(input.email, input.username, input.password, input.name)
        return SignUpPayload(expires_at=await sign_ups.sign_up(info.context, given))

    @mutation(TokenScope.WORKSPACE, costs=A_SIGN_IN)
    async def confirm_email(
        self,
        info: Info,
        token: Annotated[str, argument("The token of the link.")],
        password: Annotated[
            str | None,
            argument(
                "The password that was chosen by `signUp`, for the link of a sign-up. The link of a changed "
                "address needs none."
            ),
        ] = None,
    ) -> ConfirmEmailPayload | None:
        """Confirms an address by a link, once: it makes the account of a sign-up, which can sign in from now
        on, or gives an account its new address. A sign-up is confirmed with its password, so that the account
        belongs to who signed up and reads the mail, and to nobody else who gave the address. This mutation
        needs no token. NOT_FOUND if the link was used before, has expired, or was replaced by a newer one;
        BAD_USER_INPUT without the password, or with another one; CONFLICT if the address or the username was
        taken meanwhile."""
        user = await sign_ups.confirm_email(info.context, token, password)
        return ConfirmEmailPayload(user=User.of(user))

    @mutation(TokenScope.USER, costs=A_SIGN_IN)
    async def change_email(
        self, info: Info, input: Annotated[ChangeEmailInput, argument("The new address.")]
    ) -> ChangeEmailPayload | None:
        """Sends a link to another address for the viewer's account. It counts once the link was used; until
        then nothing changes. If the address has another account, it gets mail that says so, and the answer is
        the same. FORBIDDEN if this server sends no mail, or if the account has no password; BAD_USER_INPUT
        for another password; THROTTLED after too many mails to one address."""
        expires_at = await sign_ups.change_email(info.context, input.email, input.password)
        return ChangeEmailPayload(expires_at=expires_at)

    @mutation(TokenScope.USER, costs=A_SIGN_IN)
    async def link_identity(
        self,
        info: Info,
        token: Annotated[str, argument("A token that the issuer has signed.")],
        password: Annotated[
            str | None,
            argument(
                "The account's password. An account without one signs in by `login` in the same document "
                "instead: otherwise BAD_USER_INPUT, with the reason PASSWORD_REQUIRED."
            ),
        ] = None,
    ) -> LinkIdentityPayload | None:
        """Links an account at the issuer that this server trusts: from now on, tokens of it act as the
        viewer. A second time changes nothing. FORBIDDEN if no other issuer is trusted; BAD_USER_INPUT for a
        token that is not good; UNAUTHENTICATED for another password; CONFLICT if it is linked to another
        user."""
        return LinkIdentityPayload(subject=await identities.link_identity(info.context, token, password))

    @mutation(TokenScope.USER)
    async def unlink_identity(
        self,
        info: Info,
        subject: Annotated[str, argument("The subject of its tokens, which is their sub.")],
        issuer: Annotated[
            str | None, argument("The issuer: by default the one that this server trusts.")
        ] = None,
    ) -> UnlinkIdentityPayload | None:
        """Ends the link to an account at the issuer: its tokens no longer act as the viewer. NOT_FOUND for
        one that is not linked to the viewer; CONFLICT for the last way to sign in, which is without a
        password, an authentication key of at least a day that has not ended, and another account at the
        trusted issuer."""
        gone = await identities.unlink_identity(info.context, subject, issuer)
        return UnlinkIdentityPayload(subject=gone)
