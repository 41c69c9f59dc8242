"""Commands, as somebody types them."""

import os

import pytest
from argon2 import PasswordHasher, Type
from typer.testing import CliRunner, Result

from server.commands.cli import app
from tests.studio import QUICK_HASHER

_QUICK = (
    QUICK_HASHER.time_cost,
    QUICK_HASHER.memory_cost,
    QUICK_HASHER.parallelism,
    32,
    16,
    "utf-8",
    Type.ID,
)
"""What a hasher takes that is not told otherwise."""


def remove_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith("VIEWGRAPH_"):
            monkeypatch.delenv(name)


def run(*arguments: str, input: str | None = None, **variables: str) -> Result:
    with pytest.MonkeyPatch.context() as patch:
        # What these make is no secret, so argon2 need not take its time.
        patch.setattr(PasswordHasher.__init__, "__defaults__", _QUICK)
        result = CliRunner().invoke(app, arguments, input=input, env=variables)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def done(*arguments: str, input: str | None = None, **variables: str) -> str:
    """What a command that worked wrote."""
    result = run(*arguments, input=input, **variables)
    assert result.exit_code == 0, result.output
    return result.stdout


def mistake(*arguments: str, **variables: str) -> str:
    """What a command that did not work wrote: nothing but this."""
    result = run(*arguments, **variables)
    assert result.exit_code == 1, result.output
    assert result.stdout == ""
    return result.stderr
