"""Without Chromium these tests are skipped, and say so."""

from pathlib import Path

import pytest

from tests.browser.conftest import chromium


def test_without_it_tests_are_skipped_and_say_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pytest.skip.Exception, match="apt-get install chromium"):
        chromium()
