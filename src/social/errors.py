"""Why a network gave no count. The words are our own: a network's words may repeat a credential."""


class NetworkError(Exception):
    """Its `str` can be shown and logged."""


class Failed(NetworkError):
    """This call failed; another one may succeed."""

    def __init__(self, words: str, *, is_passing: bool = False, wait: float | None = None) -> None:
        """`is_passing`: the same call may succeed a little later, after `wait` seconds if they are known."""
        super().__init__(words)
        self.is_passing = is_passing
        self.wait = wait


class NoSuch(NetworkError):
    """At least one of the ids that were asked for does not exist, or cannot be seen. None was answered."""


class Stopped(NetworkError):
    """No more calls are made to the network in this run."""


class Refused(Stopped):
    """The credentials are wrong, or not sufficient."""


class Limited(Stopped):
    """There were too many calls already."""

    def __init__(self, words: str, *, wait: float | None = None) -> None:
        """`wait` is in seconds, and None if the network does not say."""
        super().__init__(words)
        self.wait = wait


class CircuitOpen(Stopped):
    """Too many calls failed in a row."""


class QuotaSpent(Stopped):
    """Our own quota, which is in the settings, is used up."""


class LeaseLost(Stopped):
    """Another worker calls this network now."""
