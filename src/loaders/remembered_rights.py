"""What users may do in organizations and workspaces, remembered until something is committed."""

from collections.abc import Callable
from typing import NamedTuple

from base.remembered import Mark, Remembered
from models import Role


class RememberedRights:
    """For queries. Outlives requests."""

    def __init__(self, mark: Callable[[], Mark] = lambda: None) -> None:
        """`mark` differs once something is committed. None, as by default, means that nobody knows."""
        self._mark = mark
        self.roles: Remembered[int, dict[int, Role]] = Remembered()
        """By the user."""
        self.workspaces: Remembered[int, tuple[int, ...]] = Remembered()
        """By the user."""

    def of_moment(self) -> "RightsOfMoment":
        return RightsOfMoment(self, self._mark())


class RightsOfMoment(NamedTuple):
    """The rights as a snapshot sees them that begins after this was made."""

    remembered: RememberedRights
    mark: Mark
