"""What accounts are reached by: sign-ins, links that were sent, and accounts at other issuers.

Of a secret that somebody holds, only the SHA-256 hash is stored. A secret has 256 random bits, so it needs no
slower hash.
"""

from datetime import datetime
from enum import IntEnum
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, SmallInteger, Uuid
from sqlmodel import Field, SQLModel

from models.columns import LOCAL, instant, reference
from models.personal import OnErasing, of_person
from models.types import Instant


class SignIn(SQLModel, table=True):
    """A sign-in that goes on by refresh tokens. Each is good for once, and is replaced by the next."""

    __tablename__ = "sign_ins"
    __table_args__ = {"info": {**LOCAL, **of_person(user_id=OnErasing.ROW, secret=("family", "digest"))}}

    sign_in: UUID = Field(sa_type=Uuid[UUID], primary_key=True)
    """Access tokens name it."""
    user_id: int = reference("users", index=True)
    family: bytes = Field(sa_type=LargeBinary, unique=True)
    """The hash of what all refresh tokens of the sign-in begin with."""
    digest: bytes = Field(sa_type=LargeBinary)
    """The hash of the refresh token that is good now."""
    created_at: datetime = instant()
    used_at: datetime = instant()
    """When that token was given."""
    expires_at: datetime = instant()


class EndedSignIn(SQLModel, table=True):
    """A sign-in whose access tokens are refused."""

    __tablename__ = "ended_sign_ins"
    __table_args__ = {"info": LOCAL}

    sign_in: UUID = Field(sa_type=Uuid[UUID], primary_key=True)
    expires_at: datetime = Field(sa_type=Instant, index=True)
    """By then, all its tokens have expired."""


class LinkKind(IntEnum):
    """What the holder of a link may do, once."""

    RESET_PASSWORD = 1
    CONFIRM_EMAIL = 2
    SIGN_UP = 3


class AccountLink(SQLModel, table=True):
    """A link that was sent to somebody. It is deleted when it was used."""

    __tablename__ = "account_links"
    __table_args__ = {
        "info": {
            **LOCAL,
            **of_person(
                user_id=OnErasing.ROW,
                email=OnErasing.ROW,
                username=OnErasing.ROW,
                secret=("digest", "password_hash"),
            ),
        }
    }

    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    kind: int = Field(sa_type=SmallInteger)
    user_id: int | None = Field(
        default=None,
        sa_type=BigInteger,
        sa_column_args=[ForeignKey("users.id", ondelete="CASCADE")],
        index=True,
    )
    """None for a sign-up: the account is made when the link was used."""
    email: str = Field(max_length=254)
    """Whoever has the link reads the mail to this address."""
    username: str | None = Field(default=None, max_length=40)
    """Of a sign-up, as the next two."""
    name: str | None = Field(default=None, max_length=200)
    password_hash: str | None = Field(default=None, max_length=255)
    generation: int | None = Field(default=None, sa_type=BigInteger)
    """Of the account's tokens when the link was asked for; None for a sign-up. Once the account has another,
    the link is not good."""
    created_at: datetime = instant()
    expires_at: datetime = Field(sa_type=Instant, index=True)


class ExternalIdentity(SQLModel, table=True):
    """An account at an issuer of OpenID Connect, and the user here that it stands for."""

    __tablename__ = "external_identities"
    __table_args__ = {"info": {**LOCAL, **of_person(user_id=OnErasing.ROW)}}

    issuer: str = Field(max_length=255, primary_key=True)
    subject: str = Field(max_length=255, primary_key=True)
    user_id: int = reference("users", index=True)
    linked_at: datetime = instant()
