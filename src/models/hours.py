"""Totals by the hour, and who came in which hours."""

from datetime import date

from sqlalchemy import BigInteger, Index, LargeBinary, SmallInteger
from sqlmodel import Field, SQLModel

from models.columns import BY_TENANT
from models.personal import OnErasing, of_person
from models.types import Day

HOURS = range(1, 25)
"""The ends of the hours of a day."""


class HourTotal(SQLModel, table=True):
    """Events of one day in UTC, up to the end of each of its hours. So two columns make any run of hours.

    `folded_hours` says which days are there.
    """

    __tablename__ = "hour_totals"
    __table_args__ = (
        Index("ix_hour_totals_day", "tenant_id", "day"),
        # Without statistics, SQLite would rather read all subjects of a day.
        {
            "info": {**BY_TENANT, "sqlite_seeks_by": "sqlite_autoindex_hour_totals_1"},
            "sqlite_with_rowid": False,
        },
    )

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    subject_id: int = Field(sa_type=BigInteger, primary_key=True)
    day: date = Field(sa_type=Day, primary_key=True)
    action: int = Field(sa_type=SmallInteger, primary_key=True)
    device: int = Field(sa_type=SmallInteger, primary_key=True)
    domain_id: int = Field(sa_type=BigInteger, primary_key=True)
    until_1: int = Field(sa_type=BigInteger)
    until_2: int = Field(sa_type=BigInteger)
    until_3: int = Field(sa_type=BigInteger)
    until_4: int = Field(sa_type=BigInteger)
    until_5: int = Field(sa_type=BigInteger)
    until_6: int = Field(sa_type=BigInteger)
    until_7: int = Field(sa_type=BigInteger)
    until_8: int = Field(sa_type=BigInteger)
    until_9: int = Field(sa_type=BigInteger)
    until_10: int = Field(sa_type=BigInteger)
    until_11: int = Field(sa_type=BigInteger)
    until_12: int = Field(sa_type=BigInteger)
    until_13: int = Field(sa_type=BigInteger)
    until_14: int = Field(sa_type=BigInteger)
    until_15: int = Field(sa_type=BigInteger)
    until_16: int = Field(sa_type=BigInteger)
    until_17: int = Field(sa_type=BigInteger)
    until_18: int = Field(sa_type=BigInteger)
    until_19: int = Field(sa_type=BigInteger)
    until_20: int = Field(sa_type=BigInteger)
    until_21: int = Field(sa_type=BigInteger)
    until_22: int = Field(sa_type=BigInteger)
    until_23: int = Field(sa_type=BigInteger)
    until_24: int = Field(sa_type=BigInteger)


class FoldedHours(SQLModel, table=True):
    """Up to where the totals by the hour of a tenant are complete. A tenant without a row has none."""

    __tablename__ = "folded_hours"
    __table_args__ = {"info": BY_TENANT}

    # PostgreSQL would count up the only column of a key.
    tenant_id: int = Field(sa_type=BigInteger, primary_key=True, sa_column_kwargs={"autoincrement": False})
    before: date = Field(sa_type=Day)
    """`hour_totals` and `attendances` have all that was counted on the days before it, in UTC."""


class Attendance(SQLModel, table=True):
    """The signed-in people of a subject on one day in UTC, and in which of its hours they came: see
    `base.attendance`. `folded_hours` says which days are there.

    Subject 0 of the kind 0 stands for all subjects of the tenant.
    """

    __tablename__ = "attendances"
    __table_args__ = (
        Index("ix_attendances_day", "tenant_id", "day"),
        # Without statistics, SQLite would rather read all subjects of a day.
        {
            "info": {
                **BY_TENANT,
                **of_person(people=OnErasing.TAKEN_OUT),
                "sqlite_seeks_by": "sqlite_autoindex_attendances_1",
            },
            "sqlite_with_rowid": False,
        },
    )

    tenant_id: int = Field(sa_type=BigInteger, primary_key=True)
    subject_kind: int = Field(sa_type=SmallInteger, primary_key=True)
    subject_id: int = Field(sa_type=BigInteger, primary_key=True)
    day: date = Field(sa_type=Day, primary_key=True)
    people: bytes = Field(sa_type=LargeBinary)
