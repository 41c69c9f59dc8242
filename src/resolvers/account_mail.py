"""Mail with a link, and mail for information. It is sent after the answer."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from auth.account_links import LinkRow, add_link, new_token
from auth.mail import Mail, MailKind, MailWebhook
from base.errors import BadUserInput, Forbidden
from database import Database
from models import LinkKind
from resolvers.context import Context
from resolvers.text_arguments import email_in

KINDS = {
    LinkKind.RESET_PASSWORD: MailKind.RESET_PASSWORD,
    LinkKind.CONFIRM_EMAIL: MailKind.CONFIRM_EMAIL,
    LinkKind.SIGN_UP: MailKind.SIGN_UP,
}


def required_mail(context: Context, instead: str) -> MailWebhook:
    """Raises FORBIDDEN if this server sends no mail. `instead`: what to do then."""
    mail = context.services.accounts.mail
    if mail is None:
        raise Forbidden(f"This server sends no mail. {instead}")
    return mail


def required_email(text: str) -> str:
    """Raises BAD_USER_INPUT."""
    email = email_in(text)
    if email is None:
        raise BadUserInput(
            "`email` is no address, such as `ada@example.com`.", argument="email", reason="INVALID_EMAIL"
        )
    return email


def link_expiry(context: Context) -> datetime:
    return (context.now + context.services.accounts.rules.link_lifetime).replace(microsecond=0)


def send_later(context: Context, mail: Mail) -> None:
    """Does nothing if this server sends no mail."""
    accounts = context.services.accounts
    if accounts.mail:
        webhook = accounts.mail
        accounts.outbox.put(lambda: webhook.send(mail))


def send_link_later(
    context: Context, mail: MailWebhook, decide: Callable[[Database], Awaitable[LinkRow | Mail | None]]
) -> None:
    """What is sent is decided after the answer, so the answer tells nothing of it: a new link, another mail,
    or nothing."""
    database, now = context.services.database, context.now

    async def work() -> None:
        decided = await decide(database)
        if isinstance(decided, LinkRow):
            decided = await _link_mail(database, decided, now)
        if decided:
            await mail.send(decided)

    context.services.accounts.outbox.put(work)


async def _link_mail(database: Database, row: LinkRow, now: datetime) -> Mail:
    token = new_token()
    async with database.writing(is_change=False) as session:
        await add_link(session, token, row, now)
    return Mail(KINDS[LinkKind(row.kind)], row.email, row.username, token, row.expires_at)
