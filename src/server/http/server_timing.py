"""Server-Timing: how long an answer took, for the developer tools of browsers."""

from enum import StrEnum

from server.http.request_scope import RequestScope


class TimingAudience(StrEnum):
    """Who gets the header. The times may give away something that a client may not see."""

    NOBODY = "nobody"
    VIEWERS = "viewers"
    EVERYBODY = "everybody"


def timing_header(scope: RequestScope, shown: TimingAudience) -> dict[str, str]:
    """The header in milliseconds, or none. The phases include the time of the database."""
    if shown is TimingAudience.NOBODY or (shown is TimingAudience.VIEWERS and not scope.is_signed_in()):
        return {}
    execution = scope.context.execution if scope.context else None
    spent = {
        **({} if scope.parse_seconds is None else {"parse": scope.parse_seconds}),
        **({"validate": execution.validate, "execute": execution.execute} if execution else {}),
        "database": scope.usage.seconds,
        "total": scope.seconds(),
    }
    return {"server-timing": ", ".join(f"{name};dur={seconds * 1000:.2f}" for name, seconds in spent.items())}
