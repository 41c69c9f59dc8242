import pytest

from tests.postgres import PostgresServer


@pytest.fixture
def superuser(postgres: PostgresServer) -> None:
    if postgres.execute("SHOW is_superuser") != "on":
        pytest.skip("only a superuser can plant what looks like an extension")
