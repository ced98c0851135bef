"""One pass over a whole bucket: lists it, and reads what is unread."""

import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tracehub.collectors.aws_errors import Failure, failure_of
from tracehub.collectors.s3.attempts import Attempts
from tracehub.collectors.s3.backoff import Backoff
from tracehub.collectors.s3.listing import Page, list_page
from tracehub.collectors.s3.objects import Objects
from tracehub.collectors.s3.selection import Selection
from tracehub.collectors.status import State, Status, Tell

# A page of a thousand objects that are all denied is not asked for a thousand times.
_DENIALS_PER_PAGE = 20


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
        except (ClientError, BotoCoreError) as error:
            failure = failure_of(error, action="s3:ListBucket")
            return None if self._outlived(failure) else failure
        self._backoff.reset()
        if self._left == 0:
            self._reason = None
        return page

    def _read(self, page: Page) -> bool:
        """Reads what is unread of this page; False where that ends the pass."""
        denied = 0
        unread = sorted(self._objects.unread(page.objects), key=self._attempts.was_denied)
        for place, version in enumerate(unread):
            if self._stop.is_set():
                return False
            waiting = self._left + len(unread) - place
            self._say("reading", waiting)
            failure = self._attempts.settle(version)
            if failure is None:
                self._backoff.reset()
                continue
            self._left += 1
            self._reason = failure
            denied += failure.kind == "denied"
            if denied >= _DENIALS_PER_PAGE:
                self._left = waiting
                return True
            if failure.kind in ("denied", "refused"):
                continue
            if not self._outlived(failure, waiting):
                return False
        return True

    def _outlived(self, failure: Failure, waiting: int | None = None) -> bool:
        """Tells the failure; True after having waited where it may pass by itself."""
        self._reason = failure
        self._say("waiting" if failure.may_pass else "failing", waiting)
        if failure.may_pass:
            self._backoff.wait()
        return failure.may_pass

    def _end(self, started: int) -> bool:
        if self._left == 0:
            self._read_until = started
            self._reason = None
            self._say("following", 0)
            return True
        denied = self._reason is not None and self._reason.kind == "denied"
        self._say("failing" if denied else "waiting", self._left)
        return False

    def _say(self, state: State, waiting: int | None) -> None:
        error = self._reason.text if self._reason else None
        self._tell(Status(state=state, read_until=self._read_until, waiting=waiting, error=error))
