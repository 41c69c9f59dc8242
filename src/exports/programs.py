"""The programs whose exports can be read."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple, TypeAlias

from exports.access_logs import read_access_logs
from exports.asset_analytics import read_asset_analytics
from exports.export import Export
from exports.fathom import read_fathom
from exports.found import Found
from exports.goatcounter import read_goatcounter
from exports.google_analytics import read_google_analytics
from exports.matomo import read_matomo
from exports.meta import read_meta
from exports.plausible import read_plausible
from exports.posthog import read_posthog
from exports.simple_analytics import read_simple_analytics
from exports.umami import read_umami
from exports.youtube import read_youtube

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
    "google-analytics": Program("Google Analytics 4", read_google_analytics),
    "youtube": Program("YouTube Studio", read_youtube),
    "posthog": Program("PostHog", read_posthog),
    "simple-analytics": Program("Simple Analytics", read_simple_analytics),
    "fathom": Program("Fathom", read_fathom),
    "meta": Program("Instagram and Facebook", read_meta),
    "asset-analytics": Program("Asset analytics API", read_asset_analytics),
}
