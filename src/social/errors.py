"""Why a network did not tell. The words are our own: what a network says may repeat a credential."""


class NetworkError(Exception):
    """`str` of it can be shown and logged."""


class Failed(NetworkError):
    """This call came to nothing; another one may not."""

    def __init__(self, words: str, *, is_passing: bool = False, wait: float | None = None) -> None:
        """`is_passing`: the same call may be good a little later, after `wait` seconds if they are known."""
        super().__init__(words)
        self.is_passing = is_passing
        self.wait = wait


class NoSuch(NetworkError):
    """Of the ids that were asked for, one at least is not there, or cannot be seen: none was told."""


class Stopped(NetworkError):
    """Nothing more is asked of the network in this run."""


class Refused(Stopped):
    """The credentials are wrong, or not good for this."""


class Limited(Stopped):
    """Too much was asked already."""

    def __init__(self, words: str, *, wait: float | None = None) -> None:
        """`wait` is in seconds, and None if the network does not say."""
        super().__init__(words)
        self.wait = wait


class CircuitOpen(Stopped):
    """Too many calls failed, one after the other."""


class QuotaSpent(Stopped):
    """Our own quota, by the settings."""


class LeaseLost(Stopped):
    """Another worker asks this network now."""
