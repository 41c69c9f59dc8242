"""Makes the page of the documentation about settings; `make docs` writes it."""

import sys
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from server.settings import Settings, variable

_HEAD = """\
# Settings

*For operators who configure a server.*

Every setting is an environment variable. An option of the command line overrides its
variable, and an empty variable counts as not set. If a value is not valid, the program ends
with one line that names it.

`make docs` makes this page from `src/server/settings.py`.

| variable | default | what it sets |
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
