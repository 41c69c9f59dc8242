"""Media types: what a request is written in, and in which of two ways it wants its answer."""

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
# Clients write few different ones, and reading them took a third of the time in which an event is recorded.
_REMEMBERED = 128


@lru_cache(maxsize=_REMEMBERED)
def is_json(content_type: str) -> bool:
    """In UTF-8, which is also what no charset means."""
    media_type, parameters = split_parameters(content_type)
    return media_type == JSON and parameters.get("charset", "utf-8") in _CHARSETS


@lru_cache(maxsize=_REMEMBERED)
def preferred(accept: str) -> str | None:
    """The one that weighs most; None when neither is acceptable.

    Among equals, the one that is named goes before the one that a wildcard stands for. If both are
    named, it is application/graphql-response+json, and if neither is, application/json, as for
    those who accept anything and say nothing.
    """
    weights = _weights(accept) if accept.strip() else {_ANY: 1.0}
    weight, _, _, media_type = max(_rank(media_type, weights) for media_type in (JSON, GRAPHQL_JSON))
    return media_type if weight else None


@lru_cache(maxsize=_REMEMBERED)
def streamed_as(accept: str, *, if_named: bool = False) -> str | None:
    """The type for several answers that weighs most; None when neither is acceptable, or if so, named.

    Of multipart/mixed, only what is meant for subscriptions: others mean parts of one answer by it.
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
    """Of each range; what is written twice has its greater weight."""
    weights: dict[str, float] = {}
    for range_, weight in _ranges(accept):
        weights[range_] = max(weight, weights.get(range_, 0.0))
    return weights


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    """Without those that ask for another charset.

    One that is for subscriptions is another than the same that is not.
    """
    for range_, parameters, weight in quality_values(accept):
        if "subscriptionspec" in parameters:
            range_ += f";subscriptionspec={parameters['subscriptionspec']}"
        if parameters.get("charset", "utf-8") in _CHARSETS:
            yield range_, weight
