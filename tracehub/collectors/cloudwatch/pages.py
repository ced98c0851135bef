"""Fetches the events of a stretch of time, page by page and within the budget."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import structlog
from botocore.exceptions import ClientError

from tracehub.collectors.aws_errors import AWS_ERRORS, Failure, failure_of
from tracehub.collectors.backoff import Backoff
from tracehub.collectors.budget import Budget
from tracehub.model.collected import LogEvent

_log = structlog.get_logger(__name__)

ACTION = "logs:FilterLogEvents"
# A token that CloudWatch does not know any more: the sweep begins anew.
_EXPIRED_TOKEN = ("InvalidParameterException", "InvalidNextToken")


class SweepBrokenError(Exception):
    """The rest of the sweep cannot be had: `failure` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text)
        self.failure = failure


Page = Mapping[str, list[LogEvent]]


def pages(
    client: Any,
    request: Mapping[str, object],
    budget: Budget,
    stop: threading.Event,
    troubled: Callable[[Failure], None],
) -> Iterator[Page]:
    """The events by stream, a page at a time; ends early where `stop` is set.

    An empty page is not the end. Throttling and outages are waited out, `troubled` hears of them; SweepBrokenError for
    what a person has to change, and for a page token that has expired.
    """
    token: str | None = None
    backoff = Backoff(first=0.5)
    while budget.wait(stop):
        answer = _ask(client, {**request, "nextToken": token} if token else dict(request))
        if isinstance(answer, Failure):
            if answer.kind == "throttled":
                budget.throttled()
            troubled(answer)
            _log.warning("CloudWatch Logs did not answer", kind=answer.kind, rate=budget.rate)
            if backoff.wait(stop):
                return
            continue
        budget.served()
        backoff.reset()
        yield _by_stream(answer["events"])
        token = answer.get("nextToken")
        if not token:
            return


def _ask(client: Any, request: Mapping[str, object]) -> Mapping[str, Any] | Failure:
    """The answer, or why to ask again."""
    try:
        answer: Mapping[str, Any] = client.filter_log_events(**request)
    except AWS_ERRORS as error:
        failure = failure_of(error, action=ACTION)
        code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else None
        if "nextToken" in request and code in _EXPIRED_TOKEN:
            raise SweepBrokenError(Failure(kind="unreachable", text=failure.text)) from error
        if not failure.may_pass:
            raise SweepBrokenError(failure) from error
        return failure
    if "events" not in answer:
        # botocore neither counts an answer's bytes nor minds half a document: it looks like an empty last page.
        return Failure(kind="unreachable", text="CloudWatch Logs sent only a part of its answer")
    return answer


def _by_stream(events: list[Mapping[str, Any]]) -> Page:
    found: dict[str, list[LogEvent]] = {}
    for event in events:
        taken = LogEvent(event["eventId"], event["timestamp"], event.get("ingestionTime"), event.get("message", ""))
        found.setdefault(event.get("logStreamName", ""), []).append(taken)
    return found
