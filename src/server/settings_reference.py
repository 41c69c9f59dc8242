"""The page of the documentation that is made from the settings; `make docs` writes it."""

import sys
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from server.settings import Settings, variable

_HEAD = """\
# Settings

*For operators who configure a server.*

Every setting is an environment variable. An option of the command line goes before its
variable, and a variable that is empty counts as not set. A value that cannot be right ends
the program with one line that names it.

This page is made from `src/server/settings.py` by `make docs`.

| variable | default | what it is for |
| --- | --- | --- |
"""


def settings_page() -> str:
    return _HEAD + "".join(_row(name, field) for name, field in Settings.model_fields.items())


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{variable(name)}` | {_default(field.default)} | {field.description} |\n"


def _default(value: Any) -> str:
    shown = value.get_secret_value() if isinstance(value, SecretStr) else value
    if isinstance(shown, bool):
        shown = str(shown).lower()
    return f"`{shown}`" if shown not in (None, "") else "none"


if __name__ == "__main__":
    sys.stdout.write(settings_page())
