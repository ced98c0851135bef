"""/destinations: where finished traces go, how each stands, and what can be done with it."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from tracehub.model.export_rows import Standing
from tracehub.store import destinations
from tracehub.web.api import answers
from tracehub.web.api.describe import answer, moment
from tracehub.web.api.parameters import Responses
from tracehub.web.dependencies import Parts, Reading
from tracehub.web.export.destination_states import state_of
from tracehub.web.export.selecting import send_again
from tracehub.web.pages.addresses import source_named

router = APIRouter(tags=["destinations"])
_UNKNOWN: Responses = {404: {"model": answers.Problem}}


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DestinationAnswer(_Shape):
    """One destination. Counts are since it was declared; `waiting` is what is held, pending, on its way or retried."""

    name: str
    declared_in: str
    state: str
    paused: bool
    stopped_reason: str | None
    delivered_traces: int
    delivered_spans: int
    spans_per_minute: int | None = Field(
        description="in the last whole minute; null where nothing was delivered lately"
    )
    waiting: int
    retrying: int
    rejected_traces: int
    too_large_traces: int
    expired_traces: int
    dropped_traces: int
    oldest_waiting: str | None
    last_delivered_at: str | None
    last_error: str | None
    last_error_at: str | None


class DestinationsAnswer(_Shape):
    """Every destination by name."""

    items: list[DestinationAnswer]


class CheckAnswer(_Shape):
    """What came back of a test trace."""

    went_well: bool
    said: str
    remedy: str | None


class SendAgain(_Shape):
    """Which traces: ids, or a filter in the words of the lists, such as `since=7d&agent=X`."""

    traces: str = Field(max_length=40_000)
    only_new: bool = Field(default=False, description="only what was never sent there and what its own filter wants")


class Queued(_Shape):
    """How many traces were put in the queue."""

    queued: int


@router.get("/destinations", response_model=DestinationsAnswer)
def list_destinations(parts: Parts, connection: Reading) -> Response:
    """How each destination stands."""
    found = destinations.standing(connection, now=parts.clock())
    return answer({"items": [described(each) for each in found]})


@router.post("/destinations/{name:path}/check", response_model=CheckAnswer, responses=_UNKNOWN)
def check(name: str, parts: Parts) -> Response:
    """Sends a test trace, and says what came back."""
    tried = parts.exports.try_out(source_named(name))
    return answer({"went_well": tried.went_well, "said": tried.said, "remedy": tried.remedy})


@router.post(
    "/destinations/{name:path}/send-again",
    response_model=Queued,
    responses={**_UNKNOWN, 422: {"model": answers.Problem}},
)
def again(name: str, wanted: SendAgain, parts: Parts) -> Response:
    """Puts traces in the queue anew, or with `only_new` those that were never sent there."""
    number = send_again(parts.exports, source_named(name), wanted.traces, only_new=wanted.only_new, now=parts.clock())
    return answer({"queued": number})


def described(standing: Standing) -> dict[str, object]:
    """As the API tells it."""
    row = standing.destination
    return {
        "name": row.name,
        "declared_in": row.declared_in,
        "state": state_of(standing, traces=True).text.lower(),
        "paused": row.paused,
        "stopped_reason": row.stopped_reason,
        "delivered_traces": row.delivered_traces,
        "delivered_spans": row.delivered_spans,
        "spans_per_minute": standing.per_minute,
        "waiting": standing.held + standing.pending + standing.sending + standing.retrying,
        "retrying": standing.retrying,
        "rejected_traces": row.rejected_traces,
        "too_large_traces": row.too_large_traces,
        "expired_traces": row.expired_traces,
        "dropped_traces": row.dropped_traces,
        "oldest_waiting": moment(standing.oldest_due_at),
        "last_delivered_at": moment(row.last_delivered_at),
        "last_error": row.last_error,
        "last_error_at": moment(row.last_error_at),
    }
