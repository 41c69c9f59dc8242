"""Media types: the one of a request, and those that its answer may have."""

from collections.abc import Iterator
from functools import lru_cache

from server.http.quality_values import quality_values, split_parameters

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"

EVENT_STREAM = "text/event-stream"
MULTIPART = "multipart/mixed"
_PARTS = f"{MULTIPART};subscriptionspec=1.0"

_ANY = "*/*"
_ANY_OF_APPLICATION = "application/*"
_CHARSETS = {"utf-8", "utf8"}
# Clients send few different headers, and parsing them took a third of the time for recording an event.
_REMEMBERED = 128


@lru_cache(maxsize=_REMEMBERED)
def is_json(content_type: str) -> bool:
    """Whether this is JSON in UTF-8. A type without a charset means UTF-8."""
    media_type, parameters = split_parameters(content_type)
    return media_type == JSON and parameters.get("charset", "utf-8") in _CHARSETS


@lru_cache(maxsize=_REMEMBERED)
def preferred(accept: str) -> str | None:
    """The type of JSON with the higher weight; None if neither is acceptable. If weights are equal, a named
    type wins over a wildcard. If both are named, application/graphql-response+json wins. If neither is named,
    or if there is no Accept, it is application/json.
    """
    weights = _weights(accept) if accept.strip() else {_ANY: 1.0}
    weight, _, _, media_type = max(_rank(media_type, weights) for media_type in (JSON, GRAPHQL_JSON))
    return media_type if weight else None


@lru_cache(maxsize=_REMEMBERED)
def streamed_as(accept: str, *, if_named: bool = False) -> str | None:
    """The type for several answers with the higher weight; None if neither is acceptable. With `if_named` a
    wildcard does not count. Of multipart/mixed only the variant for subscriptions counts: without it, clients
    mean the parts of one answer.
    """
    weights = _weights(accept) if accept.strip() else {_ANY: 1.0}
    any_ = 0.0 if if_named else weights.get(_ANY, 0.0)
    events, parts = weights.get(EVENT_STREAM, any_), weights.get(_PARTS, 0.0)
    if not max(events, parts):
        return None
    return EVENT_STREAM if events >= parts else MULTIPART


def _rank(media_type: str, weights: dict[str, float]) -> tuple[float, bool, bool, str]:
    is_named = media_type in weights
    for range_ in (media_type, _ANY_OF_APPLICATION, _ANY):
        if range_ in weights:
            return weights[range_], is_named, (media_type == GRAPHQL_JSON) is is_named, media_type
    return 0.0, False, False, media_type


def _weights(accept: str) -> dict[str, float]:
    """The weight of each media range. If a range stands there twice, the greater weight counts."""
    weights: dict[str, float] = {}
    for range_, weight in _ranges(accept):
        weights[range_] = max(weight, weights.get(range_, 0.0))
    return weights


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Media ranges with their weights, except ranges that ask for another charset. `subscriptionSpec` becomes
    a part of the range.
    """
    for range_, parameters, weight in quality_values(accept):
        if "subscriptionspec" in parameters:
            range_ += f";subscriptionspec={parameters['subscriptionspec']}"
        if parameters.get("charset", "utf-8") in _CHARSETS:
            yield range_, weight
