"""One pass over a whole bucket: lists it, and reads what is unread."""

import threading
from collections.abc import Callable
from typing import Any

from tracehub.collectors.aws_errors import AWS_ERRORS, Failure, failure_of
from tracehub.collectors.backoff import Backoff
from tracehub.collectors.s3.attempts import AT_LARGE, Attempts
from tracehub.collectors.s3.listing import Page, list_page
from tracehub.collectors.s3.objects import Objects
from tracehub.collectors.s3.selection import Selection
from tracehub.collectors.status import State, Status, Tell

# Where S3 refuses these it may refuse all thousand of the page; the others are first the next time.
_REFUSALS_PER_PAGE = 20


class Sweep:
    """One pass. Where AWS does not answer it waits and goes on; what else stands in its way ends it."""

    def __init__(
        self,
        client: Callable[[], Any],
        selection: Selection,
        objects: Objects,
        attempts: Attempts,
        backoff: Backoff,
        tell: Tell,
        stop: threading.Event,
    ) -> None:
        self._client = client
        self._selection = selection
        self._objects = objects
        self._attempts = attempts
        self._backoff = backoff
        self._tell = tell
        self._stop = stop
        self._read_until: int | None = None
        self._left = 0
        self._reason: Failure | None = None

    def run(self, started: int, read_until: int | None) -> bool:
        """Whether everything that lay there at `started` is read. `read_until` is what the pass before reached."""
        self._read_until = read_until
        token: str | None = None
        while not self._stop.is_set():
            page = self._page(token)
            if page is None:
                continue
            if isinstance(page, Failure) or not self._read(page):
                return False
            token = page.token
            if token is None:
                return self._end(started)
        return False

    def _page(self, token: str | None) -> Page | Failure | None:
        """The page; None after waiting because AWS did not answer; a failure that ends the pass."""
        try:
            page = list_page(self._client(), self._selection, token)
        except AWS_ERRORS as error:
            failure = failure_of(error, action="s3:ListBucket")
            return None if self._outlived(failure) else failure
        self._backoff.reset()
        return page

    def _read(self, page: Page) -> bool:
        """Reads what is unread of this page; False where that ends the pass."""
        refused = 0
        unread = sorted(self._objects.unread(page.objects), key=self._attempts.is_doubtful)
        for place, version in enumerate(unread):
            if self._stop.is_set():
                return False
            waiting = self._left + len(unread) - place
            self._say("reading", waiting, self._reason)
            failure = self._attempts.settle(version)
            if failure is None:
                self._backoff.reset()
                continue
            self._leave(failure)
            refused += self._attempts.is_doubtful(version)
            if refused >= _REFUSALS_PER_PAGE:
                self._left = waiting
                return True
            if failure.kind in AT_LARGE and not self._outlived(failure, waiting):
                return False
        return True

    def _leave(self, failure: Failure) -> None:
        """One more object is left to the next pass. What a person has to mend is told before what may pass."""
        self._left += 1
        if self._reason is None or self._reason.may_pass:
            self._reason = failure

    def _outlived(self, failure: Failure, waiting: int | None = None) -> bool:
        """Tells the failure; True after having waited where it may pass by itself."""
        self._say("waiting" if failure.may_pass else "failing", waiting, failure)
        if failure.may_pass:
            self._backoff.wait(self._stop)
        return failure.may_pass

    def _end(self, started: int) -> bool:
        if self._reason is None:
            self._read_until = started
            self._say("following", 0, None)
            return True
        self._say("waiting" if self._reason.may_pass else "failing", self._left, self._reason)
        return False

    def _say(self, state: State, waiting: int | None, failure: Failure | None) -> None:
        error = failure.text if failure else None
        self._tell(Status(state=state, read_until=self._read_until, waiting=waiting, error=error))
