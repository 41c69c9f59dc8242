"""The text that the demo prints when it starts."""

from datetime import UTC, datetime

from auth.viewer import Viewer
from loaders.credentials import PasswordByEmail
from resolvers import accounts
from resolvers.context import Context
from server.demo.sign_ins import ACCOUNTS, PASSWORD, email_of
from server.failures import Failure
from server.services import close_services, services_that_sign_nothing
from server.settings import Settings


async def announcement(settings: Settings) -> str:
    """The text for a newcomer: the address, the accounts, and a first query to paste."""
    services = services_that_sign_nothing(settings)
    try:
        key = await _owners_key(Context(services, datetime.now(UTC)))
    finally:
        await close_services(services)
    sign_ins = "\n".join(f"  {email_of(name):20}  {words}" for name, words in ACCOUNTS.items())
    base = f"http://{settings.host}:{settings.port}"
    studio = _STUDIO.format(base=base) if settings.studio else ""
    address = f"{base}/graphql"
    return _ANNOUNCEMENT.format(studio=studio, address=address, key=key, sign_ins=sign_ins, password=PASSWORD)


async def _owners_key(context: Context) -> str:
    """Makes a key. It is short enough for a line of a terminal; an access token is not. Raises Failure for an
    account with another password: nobody but its owner may get a key of it.
    """
    network = b""
    known = await context.loaders[PasswordByEmail].load((email_of("owner"), network))
    verdict = await context.services.passwords.verdict_on(PASSWORD, known.password_hash if known else None)
    if known is None or not verdict.is_right:
        raise Failure("This database is not the demo's: start it with `viewgraph demo`.")
    context.viewer = Viewer(known.user_id)
    return (await accounts.create_key(context, name="first query", days=1)).secret


_STUDIO = """
Its figures, in a browser:

  {base}/studio
"""
_ANNOUNCEMENT = """
Viewgraph's demo studio is ready.
{studio}
GraphiQL, in a browser:

  {address}

A first query, as the owner, in another terminal (its key is valid for a day):

  curl -s {address} \\
    -H 'Content-Type: application/json' \\
    -H 'Authorization: Token {key}' \\
    -d '{{"variables": {{"u": "ai-research-studio"}}, "query":
    "query($u: String!) {{ publication(url: $u) {{ metrics {{ totalViews }} }} }}"}}'

Sign-ins, all with the password `{password}`:

{sign_ins}

Stop it with Ctrl-C.
"""
