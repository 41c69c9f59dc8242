"""Every column that refers to a person says what becomes of it when the person is erased."""

from sqlalchemy import Column
from sqlmodel import SQLModel

from database import table_of
from ingest.deletions.tenants import OWNED
from models import personal_columns

TABLES = SQLModel.metadata.tables
PERSONAL = {"email", "username", "visitor", "people", "network", "address", "agent", "account_id"}
"""What columns are called that say who somebody is."""
SUBJECTS = {"user_insights"}
"""Tables whose rows are about one person."""


def refers_to_a_person(column: Column[object]) -> bool:
    targets = {key.column.table.name for key in column.foreign_keys}
    is_named = column.name == "user_id" or column.name.endswith(("_user_id", "_by"))
    return is_named or column.name in PERSONAL or bool(targets & {"users", *SUBJECTS})


def test_every_column_that_refers_to_a_person_is_exported_and_erased() -> None:
    """Add it by one line in the `info` of its table: see `models.personal`."""
    said = {(table.name, column) for table, column, _ in personal_columns(SQLModel.metadata)}
    refers = {
        (column.table.name, column.name)
        for table in TABLES.values()
        for column in table.columns
        if refers_to_a_person(column)
    }
    # The row of a user has these beside its id. A lease names a network that is asked for figures, and a salt
    # the secret that it is keyed by.
    known = {
        *(("users", "email"), ("users", "username")),
        *(("network_leases", "network"), ("visitor_salts", "keyed_by")),
    }

    assert refers - known == said - {("users", "id")}
    assert all(column in TABLES[table].c for table, column in said)


def test_all_tables_of_a_tenant_go_with_it() -> None:
    by_tenant = {name for name, table in TABLES.items() if "tenant_id" in table.c}

    # These own the tenant: their row goes with it, and last.
    assert {table_of(model).name for model in OWNED} == by_tenant - {"users", "organizations"}
