from base.errors import TooManyPoints


class PointBudget:
    """How many points may still be made for one request."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._made = 0

    def take(self, buckets: int, groups: int, points: int) -> None:
        """Raises TooManyPoints."""
        self._made += points
        if self._made > self.most:
            raise TooManyPoints(
                self._made, self.most, buckets=buckets, groups=groups, narrow=["range", "interval", "groupBy"]
            )
