"""Access logs of web servers: what Apache, nginx and Caddy write."""

from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from pathlib import PurePosixPath
from secrets import token_bytes
from typing import Final

from base.instants import InvalidInstant
from base.networks import network_of
from exports.access_lines import Request, request_in
from exports.addresses import page_of
from exports.export import Export
from exports.found import PAGEVIEW, Event, Found, Note, Place, Unusable
from exports.parts import Part
from exports.values import InvalidValue
from ingest.file_lines import TOO_LONG, readable

DOWNLOAD: Final = "download"
"""The name of the event that a file was fetched which is no page."""
_PAGES: Final = frozenset(("", ".html", ".htm", ".xhtml", ".php", ".asp", ".aspx", ".jsp", ".cgi"))
_OF_PAGES: Final = frozenset(
    (
        *(".css", ".js", ".mjs", ".map", ".json", ".xml", ".txt", ".webmanifest", ".wasm"),
        *(".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".webp", ".avif", ".bmp"),
        *(".woff", ".woff2", ".ttf", ".otf", ".eot"),
    )
)
"""The files that a browser fetches by itself for a page."""
_REMEMBERED: Final = 10_000
_SEEN: Final = frozenset((200, 304))
_NO_VIEW: Final = "requests are left out: they are no GET, or were not answered by 200 or 304."
_PARTS: Final = "requests for images, styles, scripts and fonts are left out."
_NO_AGENTS: Final = "requests have no user agent in the log: bots among them cannot be told, nor devices."
_VISITORS: Final = Note(
    "Visitors are told apart by address and user agent within a day. They have other names in each run: give "
    "all logs of a day to one run."
)


def read_access_logs(export: Export) -> Iterator[Found]:
    """Raises InvalidFile."""
    if export.parts:
        yield _VISITORS
    # Nobody can find out later whose the names are, or compare them with those of another run.
    salt = token_bytes(32)
    for part in export.parts:
        for place, line in _lines(part):
            try:
                yield from _found(place, request_in(line, export), salt)
            except (InvalidValue, InvalidInstant) as error:
                yield Unusable(place, str(error), line)


def _lines(part: Part) -> Iterator[tuple[Place, str]]:
    for number, line in part.lines():
        text = readable(line).strip() if line else TOO_LONG
        if text and not text.startswith("#"):
            yield Place(part.name, number), text


def _found(place: Place, request: Request, salt: bytes) -> Iterator[Found]:
    page = page_of(request.url)
    name = _name(page.path)
    if request.method != "GET" or request.status not in _SEEN:
        yield Note(_NO_VIEW, 1)
    elif name is None:
        yield Note(_PARTS, 1)
    else:
        if request.agent is None:
            yield Note(_NO_AGENTS, 1)
        yield Event(
            place,
            request.at,
            name,
            page.path,
            host=request.host or page.host,
            visitor=_visitor(request, salt),
            agent=request.agent,
            mark=f"{_hint_of(request.address)}\n{request.agent}",
        )


@lru_cache(_REMEMBERED)
def _name(path: str) -> str | None:
    suffix = PurePosixPath(path).suffix.lower()
    if suffix in _OF_PAGES:
        return None
    return PAGEVIEW if suffix in _PAGES else DOWNLOAD


def _hint_of(address: str) -> str:
    """Tells addresses apart, mostly. Tens of thousands of them have the same, so that an id made from
    it does not show whose it is.
    """
    return blake2b(address.encode("utf-8", "replace"), digest_size=2).hexdigest()


def _visitor(request: Request, salt: bytes) -> str:
    who = f"{request.at.date()}\n{network_of(request.address)}\n{request.agent}"
    return blake2b(who.encode("utf-8", "replace"), digest_size=16, key=salt).hexdigest()
