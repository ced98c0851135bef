"""Plants incidents in the demo's traffic: what tools, models and knowledge bases do while something is broken."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import msgspec

from tracehub.demo.clock import iso, microseconds_of

Json = dict[str, Any]
# What becomes of a call that was made while the incident lasts; None where it left no trace at all.
Change = Callable[[Json, Random], Json | None]


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is broken from `begins` to `ends`."""

    name: str
    begins: datetime
    ends: datetime
    change: Change


def planted(exchanges: Iterable[Json], incidents: Iterable[Incident], *, seed: int = 1) -> Iterator[Json]:
    """The exchanges as they would have been."""
    chance = Random(seed)
    times = [(microseconds_of(each.begins), microseconds_of(each.ends), each.change) for each in incidents]
    for exchange in exchanges:
        at = began_at(exchange)
        found: Json | None = exchange
        for begins, ends, change in times:
            if found is not None and begins <= at < ends:
                found = change(found, chance)
        if found is not None:
            yield found


def began_at(exchange: Json) -> int:
    """When the first event of it came (microseconds since 1970 UTC)."""
    return next(_at(trace["eventTime"]) for trace in _traces(exchange))


def tool_fails(function: str, text: str, share: float = 0.8) -> Change:
    """The tool answers with an error, most of the time."""

    def change(exchange: Json, chance: Random) -> Json:
        for output in _outputs(exchange, function):
            if chance.random() < share:
                output["text"] = text
        return exchange

    return change


def tool_is_slow(function: str, seconds: int) -> Change:
    """The tool takes so much longer; nothing else of the call is moved, as every later step would be as late."""

    def change(exchange: Json, chance: Random) -> Json:
        for output in _outputs(exchange, function):
            metadata = output["metadata"]
            late = seconds + chance.randint(0, 3)
            metadata["startTime"] = iso(_at(metadata["startTime"]) - late * 1_000_000)
            metadata["totalTimeMs"] = metadata["totalTimeMs"] + late * 1000
        return exchange

    return change


def index_is_empty(knowledge_base: str) -> Change:
    """Lookups find nothing."""

    def change(exchange: Json, chance: Random) -> Json:
        asked = None
        for part in _orchestrations(exchange):
            lookup = part.get("invocationInput", {}).get("knowledgeBaseLookupInput")
            asked = lookup["knowledgeBaseId"] if lookup else asked
            found = part.get("observation", {}).get("knowledgeBaseLookupOutput")
            if found is not None and asked == knowledge_base:
                found["retrievedReferences"] = []
        return exchange

    return change


def calls_fail(code: int, reason: str) -> Change:
    """The call ends with a failure trace after its first step."""

    def change(exchange: Json, chance: Random) -> Json:
        first = next(_traces(exchange))
        failure = {
            "failureCode": code,
            "failureReason": reason,
            "metadata": {
                "startTime": first["eventTime"],
                "endTime": iso(_at(first["eventTime"]) + 2_000_000),
                "totalTimeMs": 2000,
            },
            "traceId": f"{exchange['ResponseMetadata']['RequestId']}-0",
        }
        trace = {**first, "trace": {"failureTrace": failure}}
        return {**exchange, "completion": [exchange["completion"][0], {"trace": trace}]}

    return change


def nothing_is_recorded(exchange: Json, chance: Random) -> None:
    """Nothing of the call arrives."""


def tokens_explode(times: int) -> Change:
    """Every model call reports so many times its tokens."""

    def change(exchange: Json, chance: Random) -> Json:
        for part in _orchestrations(exchange):
            usage = part.get("modelInvocationOutput", {}).get("metadata", {}).get("usage", {})
            for name in ("inputTokens", "outputTokens"):
                if name in usage:
                    usage[name] *= times
        return exchange

    return change


def days(since: datetime, first: float, last: float) -> tuple[datetime, datetime]:
    """From so many days after `since` to so many."""
    return since + timedelta(days=first), since + timedelta(days=last)


def _outputs(exchange: Json, function: str) -> Iterator[Json]:
    called: list[str] = []
    for part in _orchestrations(exchange):
        call = part.get("invocationInput", {}).get("actionGroupInvocationInput")
        if call:
            called.append(call.get("function") or call.get("apiPath"))
        output = part.get("observation", {}).get("actionGroupInvocationOutput")
        if output is not None and called and called.pop(0) == function:
            yield output


def _orchestrations(exchange: Json) -> Iterator[Json]:
    return (trace["trace"].get("orchestrationTrace", {}) for trace in _traces(exchange))


def _traces(exchange: Json) -> Iterator[Json]:
    return (event["trace"] for event in exchange["completion"] if "trace" in event)


def _at(moment: str) -> int:
    return microseconds_of(datetime.fromisoformat(moment))
