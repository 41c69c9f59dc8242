from pathlib import Path

import pytest

from tests.exports.drafting import Drafting


@pytest.fixture
def drafting(sqlite_template: Path, tmp_path: Path) -> Drafting:
    return Drafting(f"sqlite:///{sqlite_template}", tmp_path)
