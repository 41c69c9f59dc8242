"""What is stored about callers, without names and addresses: the keys are keyed hashes."""

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import Field, SQLModel

from models.columns import LOCAL, instant, reference
from models.personal import OnErasing, of_person


class RateBucket(SQLModel, table=True):
    """What a caller has used of a limit, on all workers together."""

    __tablename__ = "rate_buckets"
    __table_args__ = {"info": LOCAL}

    key: bytes = Field(sa_type=LargeBinary, primary_key=True)
    full_from: int = Field(sa_type=BigInteger, index=True)
    """When the bucket is full again, in microseconds since 1970. From then on the row says nothing."""


class SignInNetwork(SQLModel, table=True):
    """A network from which a user signed in."""

    __tablename__ = "sign_in_networks"
    __table_args__ = {"info": {**LOCAL, **of_person(user_id=OnErasing.ROW, network=OnErasing.ROW)}}

    user_id: int = reference("users", primary_key=True)
    network: bytes = Field(sa_type=LargeBinary, primary_key=True)
    seen_at: datetime = instant()
    """When the user last signed in from it, exact to a day."""
