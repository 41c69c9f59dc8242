"""Headers such as Accept: a list of names, each with its weight (quality value), by RFC 9110."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_WEIGHT = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?")


class QualityValue(NamedTuple):
    name: str
    parameters: dict[str, str]
    weight: float


def quality_values(header: str) -> Iterator[QualityValue]:
    """The items in lower case, without empty items and those with an invalid weight."""
    for text in header.split(","):
        name, parameters = split_parameters(text)
        weight = parameters.pop("q", "1")
        if name and _WEIGHT.fullmatch(weight):
            yield QualityValue(name, parameters, float(weight))


def split_parameters(text: str) -> tuple[str, dict[str, str]]:
    """A value and its parameters, in lower case, without quotes."""
    name, *parameters = text.lower().split(";")
    pairs = (parameter.partition("=") for parameter in parameters)
    return name.strip(), {key.strip(): value.strip().strip('"') for key, _, value in pairs}
