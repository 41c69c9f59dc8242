"""The three APIs whose routes are served here: how each of them says that something failed."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import UNSET, Meta, Struct, UnsetType

Failure = Mapping[str, Any]
"""An error in the form of GraphQL's answers: `message`, and `extensions` with the code."""

_STATUSES = {
    "BAD_USER_INPUT": 400,
    "BAD_REQUEST": 400,
    "COST_ESTIMATED_TOO_EXPENSIVE": 400,
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "CONFLICT": 409,
    "THROTTLED": 429,
    "TIMEOUT": 503,
    "UNAVAILABLE": 503,
}
"""By the codes of errors. Any other code is a bug."""
_BUG = 500


class _Reason(Struct, kw_only=True):
    code: Annotated[str, Meta(description="For programs: it does not change.")]
    requestId: Annotated[str, Meta(description="As in the header `X-Request-Id`, and in the log.")]
    argument: Annotated[str | UnsetType, Meta(description="The value that is not allowed.")] = UNSET
    reason: Annotated[str | UnsetType, Meta(description="Why the value is not allowed.")] = UNSET
    retryAfter: Annotated[
        int | UnsetType, Meta(description="After how many seconds the same request may work.")
    ] = UNSET


class Problem(_Reason, kw_only=True):
    """Why a request failed. It may have more fields, by its code."""

    message: Annotated[str, Meta(description="For people: it may change.")]


class Detail(_Reason, kw_only=True):
    """Why a request failed. It may have more fields, by its code."""

    detail: Annotated[str, Meta(description="For people: it may change.")]


class Failed(Struct):
    """A request that failed."""

    success: Literal[False]
    errors: list[Problem]
    response: None


def _enveloped(failure: Failure) -> dict[str, Any]:
    return {
        "success": False,
        "errors": [{"message": failure["message"], **failure["extensions"]}],
        "response": None,
    }


def _detailed(failure: Failure) -> dict[str, Any]:
    return {"detail": failure["message"], **failure["extensions"]}


class Api(NamedTuple):
    """One of the three, as its users know it."""

    title: str
    prefixes: tuple[str, ...]
    """Of its paths. The longest prefix of a path says which API it belongs to."""
    body_of: Callable[[Failure], dict[str, Any]]
    body: type[Struct]
    """What `body_of` makes."""
    challenge: str
    """The `WWW-Authenticate` of a refusal."""
    others: Mapping[str, int]
    """Statuses that this API uses in another way than most, by the codes of errors."""

    def status_of(self, code: str) -> int:
        return self.others.get(code) or _STATUSES.get(code, _BUG)


STUDIO_METRICS = Api(
    "Metrics of studios",
    ("/api",),
    _detailed,
    Detail,
    "Bearer",
    # The API knows no 401: whoever is no maker is refused in the same way.
    {"UNAUTHENTICATED": 403},
)
USER_INSIGHTS = Api("User insights", ("/api/user_insights",), _detailed, Detail, "Token", {})
ASSET_ANALYTICS = Api(
    "Asset analytics",
    ("/v1", "/v2"),
    _enveloped,
    Failed,
    "Bearer",
    # An id that the caller may not know of is a lack of permission there.
    {
        "BAD_USER_INPUT": 422,
        "BAD_REQUEST": 422,
        "COST_ESTIMATED_TOO_EXPENSIVE": 422,
        "NOT_FOUND": 403,
    },
)
