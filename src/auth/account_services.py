"""What accounts need besides the database. It outlives requests."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from auth.identities import ForeignTokens
from auth.mail import MailWebhook
from auth.outbox import Outbox


class AccountRules(NamedTuple):
    refresh_lifetime: timedelta = timedelta(days=30)
    """How long a sign-in goes on without being used."""
    longest_sign_in: timedelta = timedelta(days=90)
    """How long a sign-in goes on at most, however often it is used; 0 for ever."""
    link_lifetime: timedelta = timedelta(hours=1)
    allows_sign_up: bool = False
    page: str = ""
    """Where links lead; empty if there is no such page."""


USUAL_RULES = AccountRules()


@dataclass(frozen=True, slots=True)
class AccountServices:
    rules: AccountRules = USUAL_RULES
    mail: MailWebhook | None = None
    """None if nobody sends mail."""
    outbox: Outbox = field(default_factory=Outbox)
    foreign: ForeignTokens | None = None
    """For tokens of another issuer; None if there is none."""

    async def close(self) -> None:
        await self.outbox.close()
        if self.foreign:
            await self.foreign.issuer.close()
