from collections.abc import Hashable
from enum import Enum
from typing import NamedTuple

from base.errors import Unauthenticated
from base.networks import network_of


class TokenScope(Enum):
    """What a token is for: all that its user may do, or one organization or one workspace alone."""

    USER = "USER"
    ORGANIZATION = "ORGANIZATION"
    WORKSPACE = "WORKSPACE"

    def covers(self, scope: "TokenScope") -> bool:
        """Whether a token of `scope` is enough if this is the narrowest scope that is allowed."""
        widest_first = list(TokenScope)
        return widest_first.index(scope) <= widest_first.index(self)


class Viewer(NamedTuple):
    """Who asks: somebody unknown, a user, or a user within one organization or workspace."""

    user_id: int | None = None
    organization_id: int | None = None
    workspace_id: int | None = None
    refusal: str | None = None
    """Why the credentials of the request are invalid; then the viewer is unknown."""

    @property
    def scope(self) -> TokenScope:
        if self.workspace_id is not None:
            return TokenScope.WORKSPACE
        return TokenScope.USER if self.organization_id is None else TokenScope.ORGANIZATION

    @property
    def person_id(self) -> int | None:
        """The user's id for what belongs to the user alone; None if the token is for an organization or
        workspace.
        """
        return self.user_id if self.scope is TokenScope.USER else None

    def required_user_id(self) -> int:
        """Raises UNAUTHENTICATED unless somebody is signed in."""
        if self.user_id is None:
            raise Unauthenticated(self.refusal or "Sign in first: this needs an access token.")
        return self.user_id


ANONYMOUS = Viewer()


def caller_of(viewer: Viewer, address: str) -> Hashable:
    """The user; if nobody is signed in, the network of the address."""
    return network_of(address) if viewer.user_id is None else viewer.user_id
