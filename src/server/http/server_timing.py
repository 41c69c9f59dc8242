"""Server-Timing: how long an answer took, for the developer tools of browsers."""

from enum import StrEnum

from server.http.trip import Trip


class TimingAudience(StrEnum):
    """Who is told. How long something took may say what was not meant to be said."""

    NOBODY = "nobody"
    VIEWERS = "viewers"
    EVERYBODY = "everybody"


def timing_header(trip: Trip, shown: TimingAudience) -> dict[str, str]:
    """The header, or none. Milliseconds; the database's are within those of the phases."""
    if shown is TimingAudience.NOBODY or (shown is TimingAudience.VIEWERS and not trip.is_signed_in()):
        return {}
    execution = trip.context.execution if trip.context else None
    spent = {
        **({"parse": trip.parse_seconds} if trip.document else {}),
        **({"validate": execution.validate, "execute": execution.execute} if execution else {}),
        "database": trip.usage.seconds,
        "total": trip.seconds(),
    }
    return {"server-timing": ", ".join(f"{name};dur={seconds * 1000:.2f}" for name, seconds in spent.items())}
