"""What waits is sent: each span once, whatever the receiver answers, and what cannot be is listed with its reason."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.exporters.receiver import TAKEN, Answer, Receiver, Request, partly, receiving, refusing
from tests.exporting import declare, exported_ids, let_time_pass, place, rows, send_all, sender, standing
from tests.stores import KNOWLEDGE, RECEIVED_AT, empty, migrated, store
from tests.traffic import demo_events
from tracehub.model.destination import Choice, Destination, Sampling
from tracehub.model.export_rows import ExportState
from tracehub.model.record import Event
from tracehub.model.span import Outcome
from tracehub.pipeline.reindex import reindex
from tracehub.store import destinations, export_outbox
from tracehub.store.database import Database
from tracehub.store.schema import export_outbox as outbox

EVENTS = demo_events(20)
FEW = demo_events(4)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def stored(url: str, destination: Destination, events: tuple[Event, ...] = EVENTS) -> Iterator[Database]:
    with migrated(url) as database:
        declare(database, destination)
        store(database, events)
        yield database


def states(database: Database) -> set[ExportState]:
    return {row.state for row in rows(database).values()}


def turns(*answers: Answer) -> Callable[[Request], Answer]:
    """These answers one after the other, and then the last for ever."""
    return lambda request: answers[min(request.number, len(answers) - 1)]


def test_each_span_arrives_once_and_roots_come_last(database_url: str, receiver: Receiver) -> None:
    for database in stored(database_url, place(receiver)):
        with sender(database) as one:
            send_all(one)
        assert set(receiver.taken) == exported_ids(database, place(receiver))
        assert set(receiver.taken.values()) == {1}
        assert states(database) == {ExportState.DELIVERED}
        row = standing(database)
        assert (row.delivered_traces, row.delivered_spans) == (len(rows(database)), len(receiver.taken))
        assert row.requests == len(receiver.requests)
        seen: set[str] = set()
        for request in receiver.requests:
            assert len(request.spans) <= 512
            for span in request.spans:
                assert span.parent_span_id.hex() not in seen or not span.parent_span_id
                seen.add(span.span_id.hex())


def test_a_second_look_sends_nothing_again(database_url: str, receiver: Receiver) -> None:
    for database in stored(database_url, place(receiver)):
        with sender(database) as one:
            send_all(one)
            before = len(receiver.requests)
            store(database, EVENTS)
            let_time_pass(database)
            send_all(one)
        assert len(receiver.requests) == before


def test_late_spans_go_out_as_additions(database_url: str, receiver: Receiver) -> None:
    for database in stored(database_url, place(receiver), EVENTS[::2]):
        with sender(database) as one:
            send_all(one)
            first = set(receiver.taken)
            store(database, EVENTS[1::2])
            send_all(one)
        wanted = exported_ids(database, place(receiver))
        assert first < set(receiver.taken)
        assert wanted <= set(receiver.taken)
        assert set(receiver.taken.values()) == {1}


def test_what_a_newer_parser_finds_in_old_events_goes_out_alone(database_url: str, receiver: Receiver) -> None:
    for database in stored(database_url, place(receiver), FEW):
        with sender(database) as one:
            send_all(one)
            before = len(receiver.requests)
            reindex(database, KNOWLEDGE, now=RECEIVED_AT, tell=lambda _: None)
            let_time_pass(database)
            send_all(one)
            assert len(receiver.requests) == before
            grown = min(rows(database))
            with database.writing() as connection:
                this = outbox.c.trace_id == grown
                settled = connection.scalar(select(outbox.c.settled).where(this)) or b""
                # As if the trace had been sent when one span of it was not understood yet.
                connection.execute(update(outbox).where(this).values(settled=settled[8:], digest="00" * 16))
            reindex(database, KNOWLEDGE, now=RECEIVED_AT, tell=lambda _: None)
            let_time_pass(database)
            send_all(one)
        assert [request.ids for request in receiver.requests[before:]] == [((grown, settled[:8].hex()),)]


@pytest.mark.parametrize(
    "answer", [refusing(503), refusing(429), Answer(hangs_up=True, takes=False)], ids=["503", "429", "hung up"]
)
def test_what_may_pass_is_tried_again_later(database_url: str, receiver: Receiver, answer: Answer) -> None:
    receiver.answers = turns(answer, answer, TAKEN)
    for database in stored(database_url, place(receiver)):
        with sender(database) as one:
            send_all(one)
            assert len(receiver.requests) == 1
            row = standing(database)
            assert row.failures == 1
            assert row.stopped_reason is None
            assert ExportState.RETRYING in states(database)
            assert one.step() > 0
            assert len(receiver.requests) == 1
            let_time_pass(database)
            send_all(one)
            assert standing(database).failures == 2
            let_time_pass(database)
            send_all(one)
        assert states(database) == {ExportState.DELIVERED}
        assert set(receiver.taken.values()) == {1}
        assert standing(database).failures == 0


def test_a_receiver_that_asks_for_an_hour_gets_it(database_url: str, receiver: Receiver) -> None:
    receiver.answers = lambda _: refusing(503, retry_after="3600")
    for database in stored(database_url, place(receiver)):
        with sender(database) as one:
            send_all(one)
        row = standing(database)
        assert row.last_error_at is not None
        assert 3600 <= (row.retry_at - row.last_error_at) / 1e6 < 4000
        with database.reading() as connection:
            [shown] = destinations.standing(connection, now=2**62)
        assert (shown.held, shown.sending) == (0, 0)
        assert shown.retrying + shown.pending == len(rows(database))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refusing(401), "HTTP 401"),
        (refusing(403), "HTTP 403"),
        (refusing(404), "HTTP 404"),
        (Answer(status=302, headers={"Location": "https://login"}, takes=False), "redirects"),
        (Answer(body=b"<html>", headers={"Content-Type": "text/html"}, takes=False), "text/html"),
    ],
    ids=["401", "403", "404", "redirect", "html"],
)
def test_who_does_not_let_us_in_is_left_alone_until_a_person_resumes(
    database_url: str, receiver: Receiver, answer: Answer, said: str
) -> None:
    receiver.answers = turns(answer, TAKEN)
    for database in stored(database_url, place(receiver)):
        with sender(database) as one:
            send_all(one)
            send_all(one)
            assert len(receiver.requests) == 1
            row = standing(database)
            assert said in (row.stopped_reason or "")
            assert states(database) <= {ExportState.PENDING, ExportState.RETRYING}
            with database.writing() as connection:
                destinations.pause(connection, row.name, False)
            send_all(one)
        assert states(database) == {ExportState.DELIVERED}
        assert set(receiver.taken.values()) == {1}


def test_a_request_that_is_too_large_is_halved_and_the_next_are_smaller(database_url: str, receiver: Receiver) -> None:
    receiver.answers = lambda request: refusing(413) if len(request.body) > 60_000 else TAKEN
    for database in stored(database_url, place(receiver, content="full")):
        with sender(database) as one:
            send_all(one)
        assert states(database) == {ExportState.DELIVERED}
        assert set(receiver.taken) == exported_ids(database, place(receiver))
        assert set(receiver.taken.values()) == {1}


def test_a_span_that_is_too_large_alone_goes_without_its_content(database_url: str, receiver: Receiver) -> None:
    receiver.answers = lambda request: refusing(413) if len(request.body) > 3_000 else TAKEN
    for database in stored(database_url, place(receiver, content="full"), FEW):
        with sender(database) as one:
            send_all(one)
        assert states(database) == {ExportState.DELIVERED}
        assert set(receiver.taken) == exported_ids(database, place(receiver))
        contents = [
            attribute.key
            for span in receiver.spans.values()
            for attribute in span.attributes
            if attribute.key == "gen_ai.input.messages"
        ]
        assert len(contents) < sum(span.name.startswith("chat") for span in receiver.spans.values())


def test_a_span_that_nothing_makes_small_enough_is_left_out_and_named(database_url: str, receiver: Receiver) -> None:
    receiver.answers = lambda request: refusing(413) if b"execute_tool" in request.body else TAKEN
    for database in stored(database_url, place(receiver), FEW):
        with sender(database) as one:
            send_all(one)
        assert states(database) == {ExportState.DELIVERED, ExportState.TOO_LARGE}
        wanted = exported_ids(database, place(receiver))
        assert set(receiver.taken) < wanted
        large = [row for row in rows(database).values() if row.state is ExportState.TOO_LARGE]
        assert sum(row.rejected_spans for row in large) == len(wanted - set(receiver.taken))
        assert all("too large for it, even without content: HTTP 413" in (row.last_error or "") for row in large)
        row = standing(database)
        assert (row.too_large_traces, row.rejected_spans) == (len(large), len(wanted - set(receiver.taken)))
        before = len(receiver.requests)
        with sender(database) as one:
            send_all(one)
        assert len(receiver.requests) == before


def test_a_poison_trace_is_isolated_and_the_others_pass(database_url: str, receiver: Receiver) -> None:
    for database in stored(database_url, place(receiver)):
        poison = sorted(rows(database))[3]
        receiver.answers = lambda request, bad=poison: refusing(400) if bad in request.trace_ids else TAKEN  # type: ignore[misc]
        with sender(database) as one:
            send_all(one)
        refused = {trace_id: row for trace_id, row in rows(database).items() if row.state is not ExportState.DELIVERED}
        assert {trace_id: (row.state, row.last_error) for trace_id, row in refused.items()} == {
            poison: (ExportState.REJECTED, "HTTP 400: no")
        }
        assert {trace_id for trace_id, _ in receiver.taken} == set(rows(database)) - {poison}
        assert set(receiver.taken.values()) == {1}
        with database.reading() as connection:
            [listed] = export_outbox.failed(connection, "receiver", limit=10).rows
        assert listed.trace_id == poison


def test_where_every_trace_is_poison_it_is_the_destination_that_is_wrong(database_url: str, receiver: Receiver) -> None:
    receiver.answers = lambda _: refusing(400, b"unknown field")
    for database in stored(database_url, place(receiver)):
        with sender(database) as one:
            send_all(one)
        assert "took none: HTTP 400: unknown field" in (standing(database).stopped_reason or "")
        assert states(database) <= {ExportState.PENDING, ExportState.RETRYING}


def test_a_trace_that_breaks_the_receiver_again_and_again_is_set_aside(database_url: str, receiver: Receiver) -> None:
    for database in stored(database_url, place(receiver)):
        poison = sorted(rows(database))[3]
        receiver.answers = lambda request, bad=poison: refusing(500) if bad in request.trace_ids else TAKEN  # type: ignore[misc]
        with sender(database) as one:
            for attempt in range(3):
                send_all(one)
                assert standing(database).failures >= 1, attempt
                let_time_pass(database)
            send_all(one)
        assert {trace_id for trace_id, row in rows(database).items() if row.state is ExportState.REJECTED} == {poison}
        assert {trace_id for trace_id, _ in receiver.taken} == set(rows(database)) - {poison}


def test_a_receiver_that_breaks_at_everything_is_waited_for(database_url: str, receiver: Receiver) -> None:
    receiver.answers = lambda _: refusing(500)
    for database in stored(database_url, place(receiver)):
        with sender(database) as one:
            for _ in range(8):
                send_all(one)
                let_time_pass(database)
        assert standing(database).stopped_reason is None
        assert states(database) <= {ExportState.PENDING, ExportState.RETRYING}


def test_what_was_partly_rejected_is_not_sent_again(database_url: str, receiver: Receiver) -> None:
    receiver.answers = turns(partly(2, "too old"), TAKEN)
    for database in stored(database_url, place(receiver)):
        with sender(database) as one:
            send_all(one)
        first = receiver.requests[0].trace_ids
        found = rows(database)
        assert {found[trace_id].state for trace_id in first} == {ExportState.PARTIALLY_REJECTED}
        assert "it rejected 2 of" in (found[min(first)].last_error or "")
        assert set(receiver.taken.values()) == {1}
        row = standing(database)
        assert (row.rejected_spans, row.rejected_traces) == (2, len(first))
        assert row.delivered_spans == len(receiver.taken) - 2


def test_what_nobody_took_in_time_expires_with_its_reason(database_url: str, receiver: Receiver) -> None:
    receiver.answers = lambda _: refusing(503)
    for database in stored(database_url, place(receiver, retry_hours=2)):
        with sender(database) as one:
            send_all(one)
        with database.writing() as connection:
            connection.execute(update(outbox).values(due_at=outbox.c.due_at - 2 * 3_600_000_000))
        let_time_pass(database)
        requests = len(receiver.requests)
        with sender(database) as one:
            send_all(one)
        assert len(receiver.requests) == requests
        assert states(database) == {ExportState.EXPIRED}
        reasons = {row.last_error for row in rows(database).values()}
        assert "nobody there took it for 2 hours; the last answer: HTTP 503: no" in reasons
        assert standing(database).expired_traces == len(rows(database))


def test_what_is_too_old_for_the_receiver_is_never_sent(database_url: str, receiver: Receiver) -> None:
    for database in stored(database_url, place(receiver, max_age_hours=1)):
        with sender(database) as one:
            send_all(one)
        assert receiver.requests == []
        assert states(database) == {ExportState.EXPIRED}
        assert "it began more than 1 hours ago" in (next(iter(rows(database).values())).last_error or "")


def test_the_oldest_of_too_many_are_dropped_and_counted(database_url: str, receiver: Receiver) -> None:
    receiver.answers = lambda _: refusing(503)
    for database in stored(database_url, place(receiver, most_waiting=5)):
        number = len(rows(database))
        with sender(database) as one:
            one.step()
        assert len(rows(database)) == 5
        assert standing(database).dropped_traces == number - 5


def test_only_what_is_wanted_is_sent_and_always_whole(database_url: str, receiver: Receiver) -> None:
    wanted = place(
        receiver, filter=Choice(outcomes=(Outcome.OK, Outcome.FAILED)), sampling=Sampling(share=0.3, errors=True)
    )
    for database in stored(database_url, wanted):
        everything = exported_ids(database, wanted)
        with sender(database) as one:
            send_all(one)
        sent = {trace_id for trace_id, _ in receiver.taken}
        assert set(receiver.taken) == {ids for ids in everything if ids[0] in sent}
        assert 0 < len(sent) < len({trace_id for trace_id, _ in everything})
        assert set(rows(database)) == sent


def test_turns_of_a_session_are_linked(database_url: str, receiver: Receiver) -> None:
    for database in stored(database_url, place(receiver)):
        with sender(database) as one:
            send_all(one)
        roots = {span.span_id: span for span in receiver.spans.values() if not span.parent_span_id}
        kinds = {
            attribute.value.string_value
            for span in roots.values()
            for link in span.links
            for attribute in link.attributes
        }
        assert kinds == {"previous_turn", "return_of_control"}
        for span in roots.values():
            for link in span.links:
                assert (link.trace_id.hex(), link.span_id.hex()) in receiver.taken


def test_headers_come_from_the_environment_and_from_files_and_are_never_told(
    database_url: str, receiver: Receiver, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text("from-file\n")
    headers = {"one": "env:ONE", "two": f"file:{file}", "three": "plain"}
    for database in stored(database_url, place(receiver, headers=headers)):
        with sender(database) as one:
            send_all(one)
            assert receiver.requests == []
            assert "needs the environment variable ONE" in (standing(database).last_error or "")
        with sender(database, environment={"ONE": "from-environment"}) as one:
            send_all(one)
        told = receiver.requests[0].headers
        assert (told["one"], told["two"], told["three"]) == ("from-environment", "from-file", "plain")


def test_a_trace_that_is_gone_is_forgotten(database_url: str, receiver: Receiver) -> None:
    for database in stored(database_url, place(receiver)):
        found = rows(database)
        empty(database)
        declare(database, place(receiver))
        assert found
        with sender(database) as one:
            send_all(one)
        assert receiver.requests == []
