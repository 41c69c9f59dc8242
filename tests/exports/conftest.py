from pathlib import Path

import pytest

from tests.exports.drafting import Drafting
from tests.exports.history import URL, History
from tests.studio import Studio


@pytest.fixture(params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> str:
    """The import and the totals are tested on both engines; readers do not see the database."""
    name: str = request.param
    return name


@pytest.fixture
def drafting(sqlite_template: Path, tmp_path: Path) -> Drafting:
    return Drafting(f"sqlite:///{sqlite_template}", tmp_path)


@pytest.fixture
async def history(studio: Studio, database_url: str, tmp_path: Path) -> History:
    await studio.add_publication(URL, "owner")
    return History(studio, database_url, tmp_path, await studio.add_asset("Teapot"))
