"""The programs whose exports can be read."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from exports.access_logs import read_access_logs
from exports.export import Export
from exports.found import Found
from exports.goatcounter import read_goatcounter
from exports.matomo import read_matomo
from exports.plausible import read_plausible
from exports.umami import read_umami

Read: TypeAlias = Callable[[Export], Iterator[Found]]
"""Raises InvalidFile for a file that is broken. A file of another kind is left out with a note."""


class Program(NamedTuple):
    name: str
    read: Read


PROGRAMS: Final[Mapping[str, Program]] = {
    "plausible": Program("Plausible", read_plausible),
    "umami": Program("Umami", read_umami),
    "goatcounter": Program("GoatCounter", read_goatcounter),
    "matomo": Program("Matomo", read_matomo),
    "access-log": Program("Access logs", read_access_logs),
}
