"""One status of what listing and the queue tell."""

from tracehub.collectors.s3.report import Report
from tracehub.collectors.status import Status


class Told:
    """What was told, on a clock that a test moves."""

    def __init__(self) -> None:
        self.statuses: list[Status] = []
        self.now = 0
        report = Report(self.statuses.append, lambda: self.now)
        self.listing = report.part("listing")
        self.queue = report.part("queue")


def test_the_worst_state_and_every_error_are_told() -> None:
    told = Told()
    told.listing(Status(state="following", read_until=5, waiting=0))
    told.queue(Status(state="failing", waiting=7, error="no queue"))
    told.listing(Status(state="waiting", read_until=5, waiting=9, error="slow"))
    told.queue(Status(state="following"))
    assert told.statuses == [
        Status(state="following", read_until=5, waiting=0),
        Status(state="failing", read_until=5, waiting=7, error="no queue"),
        Status(state="failing", read_until=5, waiting=9, error="slow\nno queue"),
        Status(state="waiting", read_until=5, waiting=9, error="slow"),
    ]


def test_what_did_not_change_is_not_told_again() -> None:
    told = Told()
    for _ in range(3):
        told.listing(Status(state="following", read_until=5))
    assert len(told.statuses) == 1


def test_progress_is_told_once_a_second_and_its_end_at_once() -> None:
    told = Told()
    for waiting in range(10, 0, -1):
        told.listing(Status(state="reading", waiting=waiting))
        told.now += 300_000
    told.listing(Status(state="following", waiting=0))
    assert [status.waiting for status in told.statuses] == [10, 6, 2, 0]
