"""Checks of the environment's variables."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from server.checkup.finding import Finding, ok, problem, warning
from server.failures import Failure
from server.settings import PREFIX, Settings, settings_with, variable

_ABOUT = "settings"


def check_variables(environment: Mapping[str, str]) -> Iterator[Finding]:
    """No value is shown: it may be a secret."""
    known = {variable(name) for name in Settings.model_fields}
    given = sorted(name for name in environment if name.startswith(PREFIX))
    for name in given:
        if name not in known:
            yield problem(_ABOUT, f"{name} is no setting, so nothing reads it.", _cure(name, known))
    try:
        settings_with()
    except Failure as failure:
        for line in str(failure).splitlines():
            yield problem(_ABOUT, line, "Change the variable, or remove it.")
    else:
        yield ok(_ABOUT, f"{len(known & set(given))} variables are set, and can be read.")


def check_exposure(settings: Settings) -> Iterator[Finding]:
    """What should not be seen by everybody."""
    is_local = settings.host in ("127.0.0.1", "::1", "localhost")
    if settings.demo and not is_local:
        yield warning(
            "demo",
            f"The passwords of the demo are shown to everybody who reaches {settings.host}.",
            f"Unset {variable('demo')}.",
        )
    if not settings.own_origins() and not is_local:
        origin = settings.link_origin()
        yield warning(
            "links",
            f"Links to reports lead to {origin}, where clients elsewhere do not find the server."
            if origin
            else "Links to reports lead to whatever host a request names.",
            f"Set {variable('public_origin')} to where clients reach the server, as https://figures.example.com.",
        )
    if settings.forwarded_allow_ips == "*" and not is_local:
        yield warning(
            "proxies",
            "Every client may say which address it has, so limits for addresses mean nothing.",
            f"Name the addresses of your proxies in {variable('forwarded_allow_ips')}.",
        )


def _cure(name: str, known: set[str]) -> str:
    nearest = get_close_matches(name, known, 1)
    return f"Do you mean {nearest[0]}?" if nearest else "See the page of settings."
