"""What is remembered of callers. Nobody's name and no address stands in it: keys are keyed hashes."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import Field, SQLModel

from models.columns import REFERENCE, instant, reference


class RateBucket(SQLModel, table=True):
    """What one caller has used up of a limit, as all workers together know it."""

    __tablename__ = "rate_buckets"
    __table_args__ = {"info": REFERENCE}

    key: bytes = Field(sa_type=LargeBinary, primary_key=True)
    full_from: int = Field(sa_type=BigInteger, index=True)
    """From when on the bucket is full, in microseconds since 1970. From then on the row says nothing."""


class SignInNetwork(SQLModel, table=True):
    """From where somebody signed in."""

    __tablename__ = "sign_in_networks"
    __table_args__ = {"info": REFERENCE}

    user_id: int = reference("users", primary_key=True)
    network: bytes = Field(sa_type=LargeBinary, primary_key=True)
    seen_at: datetime = instant()
    """When somebody last did, to a day."""
