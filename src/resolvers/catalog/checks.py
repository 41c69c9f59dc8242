"""Checks the values of a catalog's fields. They are held to the rules of the mutations."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from auth.foreign_hashes import InvalidHash, checked_hash
from base.ids import legacy_id_in
from base.numbers import LARGEST
from resolvers.catalog.verdicts import Refused
from resolvers.text_arguments import camel, custom_url, email_in, required_text

_OLDEST: Final = datetime(1970, 1, 2, tzinfo=UTC)
_AHEAD: Final = timedelta(minutes=5)
_LONGEST_URL: Final = 2000


def checked(field: str, value: Any, now: datetime) -> Any:
    """The value as it is stored. Raises Refused and BAD_USER_INPUT."""
    if isinstance(value, datetime):
        return _instant(field, value, now)
    check = _CHECKS.get(field)
    return check(value) if check else value


def _instant(field: str, value: datetime, now: datetime) -> datetime:
    if value < _OLDEST:
        raise Refused("TOO_OLD", f"`{camel(field)}` is before {_OLDEST.date()}.")
    if value > now + _AHEAD:
        raise Refused("IN_THE_FUTURE", f"`{camel(field)}` is in the future.")
    return min(value, now)


def _text(argument: str, longest: int) -> Callable[[Any], str]:
    return lambda value: required_text(value, argument, longest=longest)


def _legacy_id(value: str | int) -> str:
    known = legacy_id_in(str(value).strip())
    if known is None:
        raise Refused("INVALID_LEGACY_ID", f"{str(value)[:40]!r} is neither a whole number nor a UUID.")
    return known


def _email(value: str) -> str:
    email = email_in(value)
    if email is None:
        raise Refused("INVALID_EMAIL", f"`{value[:40]}` is no email address.")
    return email


def _password_hash(value: str) -> str:
    try:
        return checked_hash(value.strip())
    except InvalidHash as error:
        raise Refused("INVALID_PASSWORD_HASH", f"{error}.") from None


def _count(value: int) -> int:
    if not 0 <= value <= LARGEST:
        raise Refused("INVALID_COUNT", f"A count is a number from 0 to {LARGEST:,}.")
    return value


_CHECKS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "legacy_id": _legacy_id,
    "email": _email,
    "username": _text("username", 40),
    "name": _text("name", 200),
    "title": _text("title", 200),
    "custom_url": custom_url,
    "password_hash": _password_hash,
    "url": _text("url", _LONGEST_URL),
    "twitter_followers_count": _count,
    "facebook_page_followers_count": _count,
    "instagram_followers_count": _count,
    "non_app_plays": _count,
}
