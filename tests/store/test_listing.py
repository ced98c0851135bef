"""Lists page, filter and sum what is stored."""

import pytest

from tests.stores import empty, migrated, store
from tests.traffic import demo_events
from tracehub.analytics.tools import tools
from tracehub.errors import NotFoundError
from tracehub.model.listing import Filter, Key, SessionRow
from tracehub.model.span import Outcome
from tracehub.pipeline.adding_up import catch_up
from tracehub.store import facets, sessions, spans, traces
from tracehub.store.database import Database

SESSIONS = 20


def test_pages_in_both_directions_show_every_session_once(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, demo_events(SESSIONS))
        catch_up(database)
        forward = _walk_older(database)
        assert len(forward) == len({row.session_id for row in forward})
        assert [row.ordered_at for row in forward] == sorted((row.ordered_at for row in forward), reverse=True)
        with database.reading() as connection:
            assert sessions.count(connection, Filter(), 10_000) == len(forward)
            last = Key(forward[-1].ordered_at, forward[-1].session_id)
            newer = sessions.page(connection, Filter(), newer_than=last, limit=5)
        assert newer.rows == tuple(forward[-6:-1])


def test_filters_keep_what_matches_and_only_that(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, demo_events(SESSIONS))
        catch_up(database)
        with database.reading() as connection:
            everything = traces.page(connection, Filter(), limit=10_000).rows
            for outcome in Outcome:
                found = traces.page(connection, Filter(outcomes=(outcome,)), limit=10_000).rows
                assert found == tuple(row for row in everything if row.outcome is outcome)
            agents = {row.agent_id for row in everything if row.agent_id}
            agent = min(agents)
            of_agent = traces.page(connection, Filter(agents=(agent,)), limit=10_000).rows
            assert of_agent == tuple(row for row in everything if row.agent_id == agent)
            middle = everything[len(everything) // 2].ordered_at
            since = traces.page(connection, Filter(since=middle), limit=10_000).rows
            assert since == tuple(row for row in everything if row.ordered_at >= middle)
            tool = facets.facets(connection).tools[0]
            called = {
                trace_id
                for trace_id, rows in spans.of_traces(connection, [row.trace_id for row in everything]).items()
                if any(row.name == tool and row.kind in ("tool", "code") for row in rows)
            }
            with_tool = traces.page(connection, Filter(tools=(tool,)), limit=10_000).rows
            assert {row.trace_id for row in with_tool} == called


def test_sessions_are_found_by_when_their_turns_ran_whenever_they_began(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, demo_events(SESSIONS))
        with database.reading() as connection:
            turns = traces.page(connection, Filter(), limit=10_000).rows
            later = next(row for row in turns if sessions.get(connection, row.session_id).ordered_at < row.ordered_at)
            end = later.ended_at or later.ordered_at
            inside = Filter(active_since=end, active_until=end + 1)
            expected = {
                row.session_id for row in turns if row.ordered_at <= end and (row.ended_at or row.ordered_at) >= end
            }
            found = sessions.page(connection, inside, limit=100).rows
            assert {row.session_id for row in found} == expected
            assert later.session_id in expected
            assert sessions.count(connection, inside, 100) == len(expected)
            of_agent = Filter(active_since=end, active_until=end + 1, agents=("NOBODY",))
            assert sessions.page(connection, of_agent, limit=100).rows == ()
            assert {row.trace_id for row in traces.page(connection, inside, limit=100).rows} >= {later.trace_id}


def test_a_session_sums_its_traces(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, demo_events(SESSIONS))
        catch_up(database)
        with database.reading() as connection:
            for session in sessions.page(connection, Filter(), limit=100).rows:
                turns = traces.of_session(connection, session.session_id)
                assert session.turns == len(turns)
                assert session.steps == sum(turn.steps for turn in turns)
                assert session.errors_reported == sum(turn.errors_reported for turn in turns)
                assert session.question == turns[0].question
                tokens = [turn.input_tokens for turn in turns if turn.input_tokens is not None]
                assert session.input_tokens == (sum(tokens) if tokens else None)


def test_tools_count_calls_and_keep_reported_and_inferred_errors_apart(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, demo_events(SESSIONS))
        catch_up(database)
        with database.reading() as connection:
            every = traces.page(connection, Filter(), limit=10_000).rows
            called = [
                row
                for rows in spans.of_traces(connection, [row.trace_id for row in every]).values()
                for row in rows
                if row.kind in ("tool", "code")
            ]
            [one] = tools(connection, Filter(tools=(called[0].name,), since=1))
            assert one.calls == sum(row.name == one.tool for row in called)
            for tool in tools(connection, Filter()):
                calls = [row for row in called if row.name == tool.tool]
                assert tool.calls == len(calls)
                assert tool.errors_reported == sum(row.error_source == "reported" for row in calls)
                assert tool.errors_inferred == sum(row.error_source == "inferred" for row in calls)
            assert {row.name for row in called} == set(facets.facets(connection).tools)


def test_what_is_not_there_is_said_so(sqlite_url: str) -> None:
    with migrated(sqlite_url) as database, database.reading() as connection:
        with pytest.raises(NotFoundError):
            sessions.get(connection, "nobody")
        with pytest.raises(NotFoundError):
            traces.get(connection, "0" * 32)
        assert sessions.page(connection, Filter(), limit=5).rows == ()


def test_emptying_the_store_is_possible(sqlite_url: str) -> None:
    with migrated(sqlite_url) as database:
        store(database, demo_events(1))
        empty(database)
        with database.reading() as connection:
            assert sessions.count(connection, Filter(), 10) == 0


def _walk_older(database: Database) -> list[SessionRow]:
    found: list[SessionRow] = []
    older = None
    with database.reading() as connection:
        while True:
            page = sessions.page(connection, Filter(), older_than=older, limit=7)
            found.extend(page.rows)
            older = page.older
            if older is None:
                return found


def test_a_turn_has_its_number_in_its_session_alone(database_url: str) -> None:
    with migrated(database_url) as database:
        store(database, demo_events(SESSIONS))
        with database.reading() as connection:
            session = max(sessions.page(connection, Filter(), limit=100).rows, key=lambda row: row.turns)
            turns = [row.trace_id for row in traces.of_session(connection, session.session_id)]
            numbers = [traces.number_of(connection, session.session_id, trace_id) for trace_id in turns]
            assert numbers == list(range(1, session.turns + 1))
            with pytest.raises(NotFoundError):
                traces.number_of(connection, "another", turns[0])
