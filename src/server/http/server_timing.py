"""Server-Timing: how long an answer took, for the developer tools of browsers."""

from enum import StrEnum

from starlette.responses import Response

from server.http.request_scope import RequestScope


class TimingAudience(StrEnum):
    """Who gets the header. The times may give away something that a client may not see."""

    NOBODY = "nobody"
    VIEWERS = "viewers"
    EVERYBODY = "everybody"


def add_timing(response: Response, scope: RequestScope, shown: TimingAudience) -> None:
    if timing := _timing(scope, shown):
        response.raw_headers.append((b"server-timing", timing.encode()))


def _timing(scope: RequestScope, shown: TimingAudience) -> str | None:
    """The value of the header, in milliseconds; None if it is not shown. The phases include the time of the
    database.
    """
    if shown is TimingAudience.NOBODY or (shown is TimingAudience.VIEWERS and not scope.is_signed_in()):
        return None
    execution = scope.context.execution if scope.context else None
    executed = (execution.validate, execution.execute) if execution else None
    return timing_of(scope.parse_seconds, executed, scope.usage.seconds, scope.seconds())


def timing_of(
    parse: float | None, executed: tuple[float, float] | None, database: float, total: float
) -> str:
    """The value of the header, from seconds. `executed`: for the validation and for the execution."""
    parsed = "" if parse is None else f"parse;dur={parse * 1000:.2f}, "
    phases = ""
    if executed:
        validate, execute = executed
        phases = f"validate;dur={validate * 1000:.2f}, execute;dur={execute * 1000:.2f}, "
    return f"{parsed}{phases}database;dur={database * 1000:.2f}, total;dur={total * 1000:.2f}"
