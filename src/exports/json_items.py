"""Values of JSON: one on each line, or the items of one long array."""

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from exports.found import Place, Unusable
from exports.parts import Part
from ingest.file_lines import TOO_LONG, InvalidFile, readable

_CHUNK: Final = 1 << 20
_LONGEST_ITEM: Final = 16 << 20
_BLANKS: Final = re.compile(r"[ \t\r\n,]*")


class Item(NamedTuple):
    place: Place
    value: Any


def json_lines(part: Part) -> Iterator[Item | Unusable]:
    """Raises InvalidFile."""
    for number, line in part.lines():
        place = Place(part.name, number)
        if line is None:
            yield Unusable(place, TOO_LONG)
        elif not line.isspace():
            try:
                yield Item(place, json.loads(line))
            except (ValueError, RecursionError) as error:
                yield Unusable(place, f"it is no JSON: {error}", readable(line).rstrip())


def json_array(part: Part) -> Iterator[Item]:
    """Only a few items are in memory at a time. The line of a place is the number of the item, from 1. Raises
    InvalidFile.
    """
    texts = _texts(part)
    text, read = next(texts, ""), json.JSONDecoder().raw_decode
    place = _after_blanks(text, 0)
    if not text.startswith("[", place):
        raise InvalidFile(f"{part.name} is no list in JSON.")
    number, place = 0, place + 1
    while True:
        place = _after_blanks(text, place)
        if text.startswith("]", place):
            return
        try:
            value, end = read(text, place)
        except (ValueError, RecursionError) as error:
            more = next(texts, "")
            if not more or len(text) - place > _LONGEST_ITEM:
                raise InvalidFile(f"{part.name} is no JSON after item {number}: {error}.") from None
            text, place = text[place:] + more, 0
            continue
        number, place = number + 1, end
        yield Item(Place(part.name, number), value)


def _after_blanks(text: str, place: int) -> int:
    found = _BLANKS.match(text, place)
    return found.end() if found else place


def _texts(part: Part) -> Iterator[str]:
    decode = getincrementaldecoder("utf-8-sig")(errors="replace").decode
    with part.open() as stream:
        while chunk := stream.read(_CHUNK):
            yield decode(chunk)
