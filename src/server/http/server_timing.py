"""Server-Timing: how long an answer took, for the developer tools of browsers."""

from enum import StrEnum

from server.http.request_scope import RequestScope


class TimingAudience(StrEnum):
    """Who gets the header. The times may give away something that a client may not see."""

    NOBODY = "nobody"
    VIEWERS = "viewers"
    EVERYBODY = "everybody"


def timing_of(scope: RequestScope, shown: TimingAudience) -> str | None:
    """The value of the header, in milliseconds; None if it is not shown. The phases include the time of the
    database.
    """
    if shown is TimingAudience.NOBODY or (shown is TimingAudience.VIEWERS and not scope.is_signed_in()):
        return None
    parse, execution = scope.parse_seconds, scope.context.execution if scope.context else None
    parsed = "" if parse is None else f"parse;dur={parse * 1000:.2f}, "
    executed = (
        f"validate;dur={execution.validate * 1000:.2f}, execute;dur={execution.execute * 1000:.2f}, "
        if execution
        else ""
    )
    both = f"database;dur={scope.usage.seconds * 1000:.2f}, total;dur={scope.seconds() * 1000:.2f}"
    return f"{parsed}{executed}{both}"
