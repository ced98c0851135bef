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

MOST_FAILURES = 5
_MOST_DENIALS = 10_000


class Attempts:
    """All attempts of one source; an object is read by one thread at a time.

    Denied access counts against an object only if another object was read since it was denied before: otherwise it is
    the bucket that cannot be read, and a person will mend that.
    """

    def __init__(self, client: Callable[[], Any], objects: Objects, stop: threading.Event) -> None:
        self._client = client
        self._objects = objects
        self._stop = stop
        self._reads = 0
        self._denied: dict[_Identity, int] = {}
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
                return self._failed(version, error.failure, last=last or error.final)
            except (UndecodableError, LimitExceededError) as error:
                return self._failed(version, Failure(kind="refused", text=str(error)), last=last)
            else:
                self._reads += 1
            self._denied.pop(_identity(version), None)
            return None

    def was_denied(self, version: ObjectVersion) -> bool:
        """Whether the latest attempt at it was denied."""
        return _identity(version) in self._denied

    @property
    def reads(self) -> int:
        """How many objects were read so far."""
        return self._reads

    def _failed(self, version: ObjectVersion, failure: Failure, *, last: bool) -> Failure | None:
        if not self._is_its_own(version, failure):
            return failure
        if last or self._objects.failed(version, failure.text) >= MOST_FAILURES:
            self._objects.give_up(version, failure.text)
            self._denied.pop(_identity(version), None)
            return None
        return failure

    def _is_its_own(self, version: ObjectVersion, failure: Failure) -> bool:
        if failure.kind != "denied":
            return failure.kind == "refused"
        others_were_read = self._reads > self._denied.get(_identity(version), self._reads)
        if len(self._denied) >= _MOST_DENIALS:
            self._denied.clear()
        self._denied[_identity(version)] = self._reads
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
