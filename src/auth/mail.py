"""Mail to people: a webhook of the operator is told what to send. It knows how to, and in which words."""

import logging
from datetime import UTC, datetime
from enum import Enum, auto
from typing import Any, NamedTuple

from auth.web import WebError, post_json
from base.retries import Backoff, retried

log = logging.getLogger("viewgraph")

_ATTEMPTS = 3
_BACKOFF = Backoff(1.0, 10.0)


class MailKind(Enum):
    """The webhook gets the names."""

    RESET_PASSWORD = auto()
    CONFIRM_EMAIL = auto()
    """To a new address of an account."""
    SIGN_UP = auto()
    """To the address of somebody who signs up."""
    ACCOUNT_EXISTS = auto()
    """To an address that has an account already, and was given for another one. It has no link."""
    PASSWORD_CHANGED = auto()
    """For information, without a link."""
    EMAIL_CHANGED = auto()
    """The same, to the older address."""


class Mail(NamedTuple):
    kind: MailKind
    email: str
    username: str | None
    token: str | None = None
    """Whoever has it may use the link."""
    expires_at: datetime | None = None


class MailSettings(NamedTuple):
    webhook: str
    token: str | None = None
    """Shows the webhook who calls it."""


class MailWebhook:
    def __init__(self, settings: MailSettings, page: str) -> None:
        """`page`: where links lead; empty if there is no such page."""
        self._settings = settings
        self._page = page

    async def send(self, mail: Mail) -> None:
        """If it cannot be sent, that is logged: nobody waits for it."""
        try:
            await retried(lambda _: self._post(mail), _pause_after)
        except WebError as error:
            log.error(
                "Mail of the kind %s could not be sent. The webhook for mail: %s", mail.kind.name, error
            )

    async def _post(self, mail: Mail) -> None:
        token = self._settings.token
        headers = {"authorization": f"Bearer {token}"} if token else {}
        await post_json(self._settings.webhook, self._content(mail), headers)

    def _content(self, mail: Mail) -> dict[str, Any]:
        return {
            "kind": mail.kind.name,
            "email": mail.email,
            "username": mail.username,
            "token": mail.token,
            "link": link_of(self._page, mail.kind, mail.token) if mail.token else None,
            "expiresAt": mail.expires_at and _instant(mail.expires_at),
        }


def link_of(page: str, kind: MailKind, token: str) -> str | None:
    """A link to the page; None without one. The token is behind a #: no server on the way sees it."""
    return f"{page}#kind={kind.name}&token={token}" if page else None


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _pause_after(error: Exception, attempt: int) -> float | None:
    return _BACKOFF.pause(attempt) if isinstance(error, WebError) and attempt < _ATTEMPTS else None
