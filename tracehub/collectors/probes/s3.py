"""Tries what reading a bucket needs."""

from collections.abc import Iterator, Mapping
from typing import Any

from tracehub.collectors import arns
from tracehub.collectors.aws_errors import AWS_ERRORS
from tracehub.collectors.probes.asking import Question, Trouble, ask, said_by
from tracehub.collectors.probes.finding import Finding, ok, problem, warning
from tracehub.collectors.probes.identity import Reached
from tracehub.model.source import S3Source

# Allowed, though there is not a byte to give.
_EMPTY_OBJECT = "InvalidRange"
_ELSEWHERE = ("PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "301", "400")
_UNVERSIONED = (None, "null")


def probe_bucket(source: S3Source, reached: Reached) -> Iterator[Finding]:
    """Lists one object below the prefix, and reads its first byte."""
    try:
        client = reached.client("s3")
    except AWS_ERRORS as error:
        yield problem(f"AWS cannot be asked: {said_by(error)}", "check region and endpoint_url in the source")
        return
    yield from _Probe(source, reached.region, client).run()


class _Probe:
    """One source's calls."""

    def __init__(self, source: S3Source, region: str | None, client: Any) -> None:
        self._source = source
        self._region = region
        self._client = client
        self._below = f"s3://{source.bucket}/{source.prefix}"

    def run(self) -> Iterator[Finding]:
        listed = self._list()
        if isinstance(listed, Trouble):
            yield listed.finding
            return
        yield ok(f"{self._below} can be listed")
        found = listed.get("Contents") or []
        if not found:
            yield warning(
                f"nothing lies below {self._below} yet, so reading could not be tried",
                "check bucket and prefix if something should, else run it again later",
            )
            return
        yield from self._read(found[0]["Key"])

    def _list(self) -> Mapping[str, Any] | Trouble:
        source = self._source
        question = Question(
            action="s3:ListBucket",
            resource=arns.bucket_arn(source.bucket, self._region),
            subject=f"bucket {source.bucket}",
            role=source.role_arn,
            missing="check the bucket's name in the source",
            optional=None
            if source.list_seconds
            else "without it, an object that is gone looks like one that is denied, and nothing could be tried",
        )
        answer = ask(
            question, lambda: self._client.list_objects_v2(Bucket=source.bucket, Prefix=source.prefix, MaxKeys=1)
        )
        if isinstance(answer, Trouble) and answer.code in _ELSEWHERE:
            finding = problem(
                answer.finding.what, "the bucket lies in another region: name that as region in the source"
            )
            return Trouble(finding, answer.kind, answer.code)
        return answer

    def _read(self, key: str) -> Iterator[Finding]:
        answer = self._get("s3:GetObject", key, {})
        if isinstance(answer, Trouble):
            yield answer.finding
            return
        yield ok(f"objects can be read (tried {key})")
        version = answer.get("VersionId")
        if self._source.queue_url is None or version in _UNVERSIONED:
            return
        again = self._get("s3:GetObjectVersion", key, {"VersionId": str(version)})
        yield again.finding if isinstance(again, Trouble) else ok("versions of objects can be read")

    def _get(self, action: str, key: str, which: Mapping[str, str]) -> Mapping[str, Any] | Trouble:
        source = self._source
        question = Question(
            action=action,
            resource=arns.objects_arn(source.bucket, source.prefix, self._region),
            subject=f"s3://{source.bucket}/{key}",
            role=source.role_arn,
            missing="it was deleted meanwhile: run it again",
        )

        def call() -> Mapping[str, Any]:
            answer: Mapping[str, Any] = self._client.get_object(
                Bucket=source.bucket, Key=key, Range="bytes=0-0", **which
            )
            answer["Body"].close()
            return answer

        answer = ask(question, call)
        return {} if isinstance(answer, Trouble) and answer.code == _EMPTY_OBJECT else answer
