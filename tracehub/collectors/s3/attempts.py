"""Tries to read an object, and decides what becomes of it when that fails."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tracehub.collectors.aws_errors import Failure
from tracehub.collectors.s3.objects import Objects
from tracehub.collectors.s3.reading import GoneError, ReadError, read_chunks
from tracehub.errors import LimitExceededError, UndecodableError
from tracehub.model.collected import ObjectVersion

# Listing and the queue tell different things of the same version, such as its time.
_Identity = tuple[str, str]

# These failures concern everything, not this one object.
AT_LARGE = ("throttled", "unreachable", "credentials", "missing")
MOST_FAILURES = 5
_MOST_DOUBTFUL = 10_000


class Attempts:
    """All attempts of one source; an object is read by one thread at a time.

    What S3 denies or refuses is held against an object only if another object was read since it failed before:
    otherwise it is the bucket that cannot be read, and a person will mend that.
    """

    def __init__(self, client: Callable[[], Any], objects: Objects, stop: threading.Event) -> None:
        self._client = client
        self._objects = objects
        self._stop = stop
        self._reads = 0
        self._doubtful: dict[_Identity, int] = {}
        self._busy: set[_Identity] = set()
        self._changed = threading.Condition()

    def settle(self, version: ObjectVersion, version_id: str | None = None, *, last: bool = False) -> Failure | None:
        """None when nothing is left to do: the object is read, superseded or given up; otherwise why it has to wait.

        `last`: a failure of the object's own gives it up at once. What `objects` raises passes through, but for what it
        says of the object itself.
        """
        with self._alone(version):
            if not self._objects.unread([version]):
                return None
            try:
                self._objects.read(version, read_chunks(self._client, version, version_id, self._stop))
            except GoneError:
                self._objects.superseded(version)
            except ReadError as error:
                own = error.final or self._is_its_own(version, error.failure)
                return self._failed(version, error.failure, last or error.final) if own else error.failure
            except (UndecodableError, LimitExceededError) as error:
                return self._failed(version, Failure(kind="refused", text=str(error)), last)
            else:
                self._reads += 1
            self._doubtful.pop(_identity(version), None)
            return None

    def is_doubtful(self, version: ObjectVersion) -> bool:
        """Whether S3 denied or refused it the last time."""
        return _identity(version) in self._doubtful

    def _failed(self, version: ObjectVersion, failure: Failure, last: bool) -> Failure | None:
        if last or self._objects.failed(version, failure.text) >= MOST_FAILURES:
            self._objects.give_up(version, failure.text)
            self._doubtful.pop(_identity(version), None)
            return None
        return failure

    def _is_its_own(self, version: ObjectVersion, failure: Failure) -> bool:
        if failure.kind not in ("denied", "refused"):
            return False
        identity = _identity(version)
        others_were_read = self._reads > self._doubtful.get(identity, self._reads)
        if len(self._doubtful) >= _MOST_DOUBTFUL:
            self._doubtful.clear()
        self._doubtful[identity] = self._reads
        return others_were_read

    @contextmanager
    def _alone(self, version: ObjectVersion) -> Iterator[None]:
        identity = _identity(version)
        with self._changed:
            self._changed.wait_for(lambda: identity not in self._busy)
            self._busy.add(identity)
        try:
            yield
        finally:
            with self._changed:
                self._busy.discard(identity)
                self._changed.notify_all()


def _identity(version: ObjectVersion) -> _Identity:
    return version.key, version.version
