"""Several sites in one export."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from exports.found import DayTotal, Event, Found, Note

_OTHERS: Final = "events and totals are of other sites than those of --domain, and left out."


def of_sites(found: Iterable[Found], hosts: Collection[str]) -> Iterator[Found]:
    """What happened on these sites, and what has no site. Everything if `hosts` is empty."""
    wanted = {host.strip().lower() for host in hosts}
    for one in found:
        if wanted and isinstance(one, Event | DayTotal) and one.host and one.host.lower() not in wanted:
            yield Note(_OTHERS, 1)
        else:
            yield one
