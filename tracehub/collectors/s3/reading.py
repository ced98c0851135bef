"""Reads one object in chunks, and goes on where its connection broke."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError
from urllib3.exceptions import HTTPError

from tracehub.collectors.aws_errors import AWS_ERRORS, Failure, failure_of
from tracehub.errors import PermanentError, TransientError
from tracehub.model.collected import ObjectVersion

CHUNK_BYTES = 256 * 1024
# A connection is of use when it brings this much; so many in a row that are not are enough.
_USEFUL_BYTES = 1024 * 1024
_USELESS_CONNECTIONS = 5
_PAUSE_SECONDS = 0.1

# What urllib3 and sockets raise in mid-body, as far as botocore does not translate it.
_BREAKS = (*AWS_ERRORS, HTTPError, OSError)
# Archived in Glacier, which only a person can have restored; and keys that S3 never had.
_FINAL_CODES = {"InvalidObjectState", "KeyTooLongError"}
# Codes, not statuses: a proxy's 404 says nothing about the object. MethodNotAllowed: the version marks a deletion.
_GONE_CODES = {"NoSuchKey", "NoSuchVersion", "PreconditionFailed", "MethodNotAllowed"}


class GoneError(PermanentError):
    """This version of the object no longer exists: deleted or overwritten."""


class StoppedError(TransientError):
    """Reading was abandoned because the collector stops."""


class ReadError(TransientError):
    """The object could not be read; `failure` says why. `final`: trying again is of no use."""

    def __init__(self, failure: Failure, *, final: bool = False) -> None:
        super().__init__(failure.text)
        self.failure = failure
        self.final = final


def read_chunks(
    client: Callable[[], Any], version: ObjectVersion, version_id: str | None, stop: threading.Event
) -> Iterator[bytes]:
    """The object's bytes in order. After the last one the object was whole; otherwise it ends with an error.

    GoneError, ReadError, or StoppedError as soon as `stop` is set.
    """
    return _Reading(client, version, version_id, stop).chunks()


class _Reading:
    def __init__(
        self, client: Callable[[], Any], version: ObjectVersion, version_id: str | None, stop: threading.Event
    ) -> None:
        self._client = client
        self._name = f"s3://{version.bucket}/{version.key}"
        self._asked = _asked(version, version_id)
        self._stop = stop
        self._position = 0
        self._size: int | None = None

    def chunks(self) -> Iterator[bytes]:
        useless = 0
        while self._size is None or self._position < self._size:
            began = self._position
            try:
                yield from self._connection()
            except _BREAKS as error:
                broken = error
            else:
                return
            useless = useless + 1 if self._position - began < _USEFUL_BYTES else 0
            if useless >= _USELESS_CONNECTIONS:
                raise self._unreachable(f"{broken}; it broke {useless} times in a row") from broken
            if self._stop.wait(_PAUSE_SECONDS * useless):
                raise StoppedError(self._name)

    def _connection(self) -> Iterator[bytes]:
        """What one connection brings, to the object's end or until it breaks, with one of _BREAKS."""
        body = self._open()
        try:
            while chunk := self._next(body):
                self._position += len(chunk)
                yield chunk
        finally:
            body.close()
        if self._size is None or self._position != self._size:
            msg = f"{self._position} of {self._size} bytes came"
            raise ConnectionError(msg)

    def _next(self, body: Any) -> bytes:
        if self._stop.is_set():
            raise StoppedError(self._name)
        chunk: bytes = body.read(CHUNK_BYTES)
        return chunk

    def _open(self) -> Any:
        """The body from where reading stands. Only in mid-object does it raise one of _BREAKS."""
        try:
            answer = self._client().get_object(**self._asked, **self._rest())
        except ClientError as error:
            raise self._meaning(error) from error
        except AWS_ERRORS as error:
            if self._position:
                raise
            raise ReadError(self._named(failure_of(error, action="s3:GetObject"))) from error
        body = answer["Body"]
        if self._position and not answer.get("ContentRange", "").startswith(f"bytes {self._position}-"):
            body.close()
            raise self._unreachable("the connection broke, and S3 does not give out the rest alone")
        if not self._position:
            self._size = answer["ContentLength"]
            self._asked.setdefault("IfMatch", answer["ETag"])
        return body

    def _rest(self) -> dict[str, str]:
        return {"Range": f"bytes={self._position}-"} if self._position else {}

    def _meaning(self, error: ClientError) -> Exception:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _GONE_CODES:
            return GoneError(f"{self._name}: {error}")
        failure = self._named(failure_of(error, action="s3:GetObject"))
        if self._position and failure.may_pass:
            return ConnectionError(str(error))
        if code in _FINAL_CODES or (code == "InvalidArgument" and "VersionId" in self._asked):
            return ReadError(Failure(kind="refused", text=failure.text), final=True)
        return ReadError(failure)

    def _unreachable(self, text: str) -> ReadError:
        return ReadError(Failure(kind="unreachable", text=f"{self._name}, byte {self._position}: {text}"))

    def _named(self, failure: Failure) -> Failure:
        return Failure(kind=failure.kind, text=f"{self._name}: {failure.text}", action=failure.action)


def _asked(version: ObjectVersion, version_id: str | None) -> dict[str, str]:
    """How this version and no other is asked for."""
    asked = {"Bucket": version.bucket, "Key": version.key}
    if version_id is not None:
        return {**asked, "VersionId": version_id}
    if version.is_etag:
        return {**asked, "IfMatch": f'"{version.version}"'}
    return {**asked, "VersionId": version.version}
