"""GraphiQL, the editor of queries: its page at /graphql, and the files that the page loads from below it.

`make graphiql` builds the files from the folder graphiql/.
"""

from server.http.built_pages import BuiltPage, policy_of

_POLICY = policy_of(
    "script-src 'self'",
    "worker-src 'self'",
    "connect-src 'self'",
    # Monaco writes style elements and attributes, whose hashes cannot be known.
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self'",
    "img-src 'self' data:",
)
_HEADERS = {"referrer-policy": "same-origin", "vary": "accept"}


class GraphiQL(BuiltPage):
    """`demo`: the sign-ins that the page offers to everybody."""

    def __init__(self, demo: dict[str, object] | None = None) -> None:
        super().__init__("graphiql", "/graphql", _POLICY, _HEADERS, {"demo": demo} if demo else {})
