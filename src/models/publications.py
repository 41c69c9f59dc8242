from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger
from sqlmodel import Field, SQLModel

from models.columns import (
    COUNTS_UP,
    LOCAL,
    identity,
    instant,
    legacy_id,
    optional_instant,
    public_id,
    reference,
)
from models.personal import OnErasing, of_person
from models.types import SortedText


class Publication(SQLModel, table=True):
    """Its events are counted for the tenant of its owner."""

    __tablename__ = "publications"
    __table_args__ = (
        Index("ix_publications_legacy_id", "legacy_id", unique=True),
        Index("ix_publications_owner_id_created_at", "owner_id", "created_at", "public_id"),
        Index("ix_publications_created_at", "created_at", "public_id"),
        Index("ix_publications_name", "name", "public_id"),
        {"info": {**LOCAL, **of_person(owner_id=OnErasing.OWNED)}, **COUNTS_UP},
    )

    id: int = identity()
    public_id: UUID = public_id()
    legacy_id: str | None = legacy_id()
    owner_id: int = reference("users")
    name: str = Field(sa_type=SortedText)
    custom_url: str = Field(max_length=100, unique=True)
    allow_bookings: bool = False
    created_at: datetime = instant()
    revision: int = Field(default=0, sa_type=BigInteger)
    """It rises with each change by the makers, and when totals are mended. Figures cached for an older
    revision are stale.
    """
    shared_figures: str | None = Field(default=None, max_length=200)
    """The names of the figures that the owner shows to everybody, with commas between them; None if it shows
    none.
    """
    deleted_at: datetime | None = optional_instant()
    """From then on nobody finds it, and its rows go little by little."""


class CoCreator(SQLModel, table=True):
    __tablename__ = "co_creators"
    __table_args__ = (
        Index("ix_co_creators_user_id", "user_id"),
        {"info": {**LOCAL, **of_person(user_id=OnErasing.ROW)}},
    )

    publication_id: int = reference("publications", primary_key=True)
    user_id: int = reference("users", primary_key=True)
    created_at: datetime = instant()


class Experience(SQLModel, table=True):
    __tablename__ = "experiences"
    __table_args__ = (
        Index("ix_experiences_publication_id", "publication_id", "published_at", "public_id"),
        {"info": LOCAL, **COUNTS_UP},
    )

    id: int = identity()
    public_id: UUID = public_id()
    publication_id: int = reference("publications")
    type: int = Field(sa_type=SmallInteger)
    title: str = Field(max_length=200)
    published_at: datetime = instant()


class ExperienceTotal(SQLModel, table=True):
    """The number of a publication's experiences of one type. A type without experiences may have no row."""

    __tablename__ = "experience_totals"
    __table_args__ = ({"info": LOCAL, "sqlite_with_rowid": False},)

    publication_id: int = reference("publications", primary_key=True)
    type: int = Field(sa_type=SmallInteger, primary_key=True)
    count: int = Field(sa_type=BigInteger)


class Like(SQLModel, table=True):
    __tablename__ = "likes"
    __table_args__ = {"info": {**LOCAL, **of_person(user_id=OnErasing.TAKEN_BACK)}}

    publication_id: int = reference("publications", primary_key=True)
    user_id: int = reference("users", primary_key=True, index=True)
    created_at: datetime = instant()


class Bookmark(SQLModel, table=True):
    __tablename__ = "bookmarks"
    __table_args__ = {"info": {**LOCAL, **of_person(user_id=OnErasing.TAKEN_BACK)}}

    publication_id: int = reference("publications", primary_key=True)
    user_id: int = reference("users", primary_key=True, index=True)
    created_at: datetime = instant()


class Comment(SQLModel, table=True):
    __tablename__ = "comments"
    __table_args__ = {"info": {**LOCAL, **of_person(author_id=OnErasing.TAKEN_BACK)}, **COUNTS_UP}

    id: int = identity()
    public_id: UUID = public_id()
    publication_id: int = reference("publications", index=True)
    author_id: int = reference("users", index=True)
    body: str = Field(max_length=5000)
    created_at: datetime = instant()


class Appointment(SQLModel, table=True):
    """The end is not included: one appointment may start at the instant at which another ends."""

    __tablename__ = "appointments"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at", name="starts_before_it_ends"),
        Index("ix_appointments_publication_id_starts_at", "publication_id", "starts_at"),
        {"info": {**LOCAL, **of_person(user_id=OnErasing.TAKEN_BACK)}, **COUNTS_UP},
    )

    id: int = identity()
    public_id: UUID = public_id()
    publication_id: int = reference("publications")
    user_id: int = reference("users", index=True)
    starts_at: datetime = instant()
    ends_at: datetime = instant()
    created_at: datetime = instant()
    cancelled_at: datetime | None = optional_instant()
