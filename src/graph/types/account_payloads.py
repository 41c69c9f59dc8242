"""What mutations of accounts give back."""

from datetime import datetime

import strawberry

from graph.fields import described
from graph.types.publication import User

_LINK_EXPIRY = "When the link will have expired, if one is sent."


@strawberry.type(description="Who has signed out.")
class SignOutPayload:
    user: User = described("The user who was the viewer until now.")


@strawberry.type(description="What is known of the link that may have been sent.")
class RequestPasswordResetPayload:
    expires_at: datetime = described(_LINK_EXPIRY)


@strawberry.type(description="Whose password is another one now.")
class ResetPasswordPayload:
    user: User = described("The user, who can sign in with the new password.")


@strawberry.type(description="What is known of the link that may have been sent.")
class SignUpPayload:
    expires_at: datetime = described(_LINK_EXPIRY)


@strawberry.type(description="Whose address was confirmed.")
class ConfirmEmailPayload:
    user: User = described("The user, who can sign in with the address.")


@strawberry.type(description="What is known of the link that may have been sent.")
class ChangeEmailPayload:
    expires_at: datetime = described(_LINK_EXPIRY)


@strawberry.type(description="The account at the issuer that stands for the viewer.")
class LinkIdentityPayload:
    subject: str = described("The subject of its tokens: what they say as sub.")


@strawberry.type(description="The account at the issuer that stands for the viewer no more.")
class UnlinkIdentityPayload:
    subject: str = described("The subject of its tokens: what they say as sub.")
