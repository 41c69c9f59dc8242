"""What a caller changes of an object, by the names of its columns. What was left out is not among it."""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from base.errors import BadUserInput
from resolvers.text_arguments import camel

Checks: TypeAlias = Mapping[str, Callable[[Any], Any]]


def checked_changes(
    changes: Mapping[str, Any], checks: Checks, *, nullable: Collection[str] = ()
) -> dict[str, Any]:
    """The values that are stored. A check gets a value that is not null. Raises BAD_USER_INPUT for null, if
    the column is not `nullable`."""
    return {name: _checked(name, value, checks, nullable) for name, value in changes.items()}


def _checked(name: str, value: Any, checks: Checks, nullable: Collection[str]) -> Any:
    if value is not None:
        return checks[name](value) if name in checks else value
    if name in nullable:
        return None
    raise BadUserInput(
        f"`{camel(name)}` cannot be null. Leave it out, and it stays as it is.",
        argument=camel(name),
        reason="NULL",
    )
