"""The request budget keeps its rate, shrinks when AWS throttles, and comes back."""

import threading

from tracehub.collectors.budget import Budget, Budgets


class _Waits(threading.Event):
    """Notes how long it was waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waited: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout or 0)
        return self.is_set()


def test_requests_are_spaced_by_the_rate() -> None:
    stop = _Waits()
    budget = Budget(4, monotonic=lambda: 100.0)
    assert all(budget.wait(stop) for _ in range(4))
    assert stop.waited == [0.25, 0.5, 0.75]


def test_throttling_halves_the_rate_and_success_brings_it_back() -> None:
    budget = Budget(4)
    budget.throttled()
    budget.throttled()
    assert budget.rate == 1
    for _ in range(200):
        budget.served()
    assert budget.rate == 4


def test_the_rate_never_reaches_nothing() -> None:
    budget = Budget(4)
    for _ in range(100):
        budget.throttled()
    assert 0 < budget.rate <= 0.2


def test_all_readers_of_an_account_and_region_share_one_budget() -> None:
    budgets = Budgets()
    assert budgets.of(("1", "eu"), 3) is budgets.of(("1", "eu"), 3)
    assert budgets.of(("1", "eu"), 3) is not budgets.of(("1", "us"), 3)


def test_stopping_ends_the_waiting() -> None:
    stop = _Waits()
    stop.set()
    budget = Budget(1)
    assert not budget.wait(stop)
    assert not budget.wait(stop)
