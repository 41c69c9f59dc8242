import pytest

from social.circuit_breaker import CircuitBreaker
from social.errors import CircuitOpen


class Timer:
    """In seconds; it stands still."""

    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def timer() -> Timer:
    return Timer()


@pytest.fixture
def circuit(timer: Timer) -> CircuitBreaker:
    return CircuitBreaker(failures=3, rest=120, timer=timer)


def fail(circuit: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        circuit.check()
        circuit.failed()


def test_it_opens_at_the_last_of_so_many_failures_in_a_row(circuit: CircuitBreaker) -> None:
    fail(circuit, 2)
    circuit.check()
    circuit.failed()

    assert circuit.is_open
    with pytest.raises(CircuitOpen, match=r"^3 calls in a row failed: it is left alone for 2 minutes$"):
        circuit.check()


def test_a_success_starts_the_row_anew(circuit: CircuitBreaker) -> None:
    fail(circuit, 2)
    circuit.succeeded()
    fail(circuit, 2)

    assert not circuit.is_open


def test_it_is_open_for_as_long_as_it_rests(circuit: CircuitBreaker, timer: Timer) -> None:
    fail(circuit, 3)

    timer.now += 119.9
    assert circuit.is_open
    timer.now += 0.1
    assert not circuit.is_open


def test_after_its_rest_one_failure_opens_it_again(circuit: CircuitBreaker, timer: Timer) -> None:
    fail(circuit, 3)
    timer.now += 120

    fail(circuit, 1)

    assert circuit.is_open
    timer.now += 119.9
    assert circuit.is_open


def test_after_its_rest_one_success_closes_it(circuit: CircuitBreaker, timer: Timer) -> None:
    fail(circuit, 3)
    timer.now += 120
    circuit.check()
    circuit.succeeded()

    fail(circuit, 2)

    assert not circuit.is_open
