from typing import NamedTuple

from base.errors import Unauthenticated


class Viewer(NamedTuple):
    """Who asks: nobody known, a user, or a user within one organization or workspace."""

    user_id: int | None = None
    organization_id: int | None = None
    workspace_id: int | None = None
    refusal: str | None = None
    """Why credentials that were sent do not count; then the viewer is nobody known."""

    def required_user_id(self) -> int:
        """Raises UNAUTHENTICATED unless somebody is signed in."""
        if self.user_id is None:
            raise Unauthenticated(self.refusal or "Sign in first: this needs an access token.")
        return self.user_id


ANONYMOUS = Viewer()
