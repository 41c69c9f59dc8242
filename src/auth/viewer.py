from enum import Enum
from typing import NamedTuple

from base.errors import Unauthenticated


class TokenScope(Enum):
    """What a token is for: all that its user may do, or one organization or workspace, and nothing else."""

    USER = "USER"
    ORGANIZATION = "ORGANIZATION"
    WORKSPACE = "WORKSPACE"

    def covers(self, scope: "TokenScope") -> bool:
        """Whether what may be done with a token as narrow as this may be done with one of `scope`, too."""
        widest_first = list(TokenScope)
        return widest_first.index(scope) <= widest_first.index(self)


class Viewer(NamedTuple):
    """Who asks: nobody known, a user, or a user within one organization or workspace."""

    user_id: int | None = None
    organization_id: int | None = None
    workspace_id: int | None = None
    refusal: str | None = None
    """Why credentials that were sent do not count; then the viewer is nobody known."""

    @property
    def scope(self) -> TokenScope:
        if self.workspace_id is not None:
            return TokenScope.WORKSPACE
        return TokenScope.USER if self.organization_id is None else TokenScope.ORGANIZATION

    @property
    def person_id(self) -> int | None:
        """The user, for what is theirs alone: nobody with a token for an organization or workspace."""
        return self.user_id if self.scope is TokenScope.USER else None

    def required_user_id(self) -> int:
        """Raises UNAUTHENTICATED unless somebody is signed in."""
        if self.user_id is None:
            raise Unauthenticated(self.refusal or "Sign in first: this needs an access token.")
        return self.user_id


ANONYMOUS = Viewer()
