"""/metrics tells what is stored and how tracehub fares, in a form that Prometheus reads."""

from collections import Counter
from collections.abc import Iterable, Iterator

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_plain
from sqlalchemy import select

from tests.serving import Server, serving
from tests.stores import empty, store
from tests.traffic import demo_events, demo_lines
from tests.web.test_queries_per_page import counting
from tracehub.bedrock.decode import decode
from tracehub.model.destination import Destination
from tracehub.model.record import Event, Limits, Record
from tracehub.pipeline.adding_up import catch_up
from tracehub.store import destinations
from tracehub.store.database import Database
from tracehub.store.schema import spans, traces
from tracehub.web.metrics.stored import StoredMetrics

KEY = "a-key-of-sixteen-characters-or-more"
OPEN = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"}
SESSIONS = 40
Series = dict[tuple[str, ...], float]
_OPEN = "application/openmetrics-text"


@pytest.fixture
def server(database_url: str) -> Iterator[Server]:
    with serving(database_url, collect=False) as running:
        store(running.app.database, demo_events(SESSIONS))
        catch_up(running.app.database)
        yield running


def test_both_forms_can_be_read_and_say_the_same(server: Server) -> None:
    plain = server.client.get("/metrics")
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    opened = server.client.get("/metrics", headers=OPEN)
    assert opened.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    told = {metric.name: metric for metric in read_plain(plain.text)}
    told_open = {metric.name: metric for metric in _read_open(opened.text)}
    for name in ("tracehub_tool_calls", "tracehub_turn_duration_seconds", "tracehub_model_tokens"):
        assert _series(told[name].samples) == _series(told_open[name].samples)


def test_the_numbers_are_those_of_the_rows(server: Server) -> None:
    told = _told(server)
    with server.app.database.reading() as connection:
        rows = connection.execute(select(spans)).mappings().all()
        turns = connection.execute(select(traces)).mappings().all()
    tools = [row for row in rows if row["kind"] in ("tool", "code")]
    assert _by(told["tracehub_tool_calls"], "tool") == Counter((row["name"],) for row in tools)
    errors = Counter((row["name"], row["error_source"]) for row in tools if row["error_source"])
    told_errors = {key: value for key, value in _by(told["tracehub_tool_errors"], "tool", "source").items() if value}
    assert told_errors == errors
    assert _by(told["tracehub_turns"], "outcome", "agent", "alias", "version") == Counter(
        (row["outcome"], row["agent_id"] or "", row["alias_id"] or "", row["agent_version"] or "")
        for row in turns
        if row["outcome"] != "incomplete"
    )
    unfinished = sum(row["outcome"] == "incomplete" for row in turns)
    assert told["tracehub_unfinished_turns"].samples[0].value == unfinished
    lookups = [row for row in rows if row["kind"] == "retrieval"]
    assert _by(told["tracehub_knowledge_base_lookups"], "knowledge_base") == Counter((row["name"],) for row in lookups)
    empty_lookups = sum(_by(told["tracehub_knowledge_base_empty_lookups"], "knowledge_base").values())
    assert empty_lookups == sum(row["results"] == 0 for row in lookups)
    models = [row for row in rows if row["kind"] == "model"]
    assert _by(told["tracehub_model_calls"], "model") == Counter((row["model_id"] or "",) for row in models)
    tokens = _by(told["tracehub_model_tokens"], "type")
    for type_ in ("input", "output"):
        assert tokens[(type_,)] == sum(row[f"{type_}_tokens"] or 0 for row in models)
    interventions = sum(_by(told["tracehub_guardrail_interventions"], "agent").values())
    assert interventions == sum(row["policies"] is not None for row in rows if row["kind"] == "guardrail")


def test_a_histogram_counts_every_call_of_known_duration_and_its_buckets_are_at_most_1_percent_off(
    server: Server,
) -> None:
    family = _told(server)["tracehub_tool_duration_seconds"]
    with server.app.database.reading() as connection:
        query = select(spans.c.ended_at - spans.c.started_at).where(
            spans.c.kind.in_(["tool", "code"]), spans.c.latency_bucket.is_not(None)
        )
        lasted = [number / 1e6 for number in connection.scalars(query)]
    counted = [sample for sample in family.samples if sample.name.endswith("_count")]
    assert sum(sample.value for sample in counted) == len(lasted)
    summed = sum(sample.value for sample in family.samples if sample.name.endswith("_sum"))
    assert summed == pytest.approx(sum(lasted))
    for bound in ("0.32", "1.28", "10.24"):
        buckets = [each.value for each in family.samples if each.labels.get("le") == bound]
        low, high = (sum(each <= float(bound) * by for each in lasted) for by in (0.99, 1.01))
        assert low <= sum(buckets) <= high


def test_tokens_that_nobody_reported_are_no_series(server: Server) -> None:
    told = _told(server)["tracehub_model_tokens"]
    with server.app.database.reading() as connection:
        rows = connection.execute(select(spans).where(spans.c.kind == "model")).mappings().all()
    reported = {row["model_id"] or "" for row in rows if row["input_tokens"] is not None}
    assert {sample.labels["model"] for sample in told.samples} == reported


def test_two_processes_on_one_database_tell_the_same_of_what_is_stored(server: Server) -> None:
    other = StoredMetrics(server.app.database.reading)
    mine = {metric.name: metric for metric in other.families()}
    theirs = _told(server)
    for name in ("tracehub_tool_calls", "tracehub_turns", "tracehub_model_duration_seconds"):
        assert _series(mine[name].samples) == _series(theirs[name].samples)


def test_counters_only_grow_while_more_arrives(database_url: str) -> None:
    with serving(database_url, collect=False) as server:
        database = server.app.database
        before: Series = {}
        for part in _parts(3):
            store(database, part)
            catch_up(database)
            now = _counters(StoredMetrics(database.reading).families())
            assert all(now[series] >= value for series, value in before.items())
            assert len(now) > len(before)
            before = now


def test_names_from_traces_cannot_break_a_scrape_or_grow_it(sqlite_url: str) -> None:
    long = ("a" * 199 + "b", "a" * 199 + "c", "é\u202e" * 90)
    hostile = ['"} 1\nevil 2', "\\", "\r\n# EOF\n", '{le="1"}', "\x85", *long]
    with serving(sqlite_url, collect=False) as server:
        database = server.app.database
        store(database, demo_events(SESSIONS))
        _rename(database, hostile)
        catch_up(database)
        text = server.client.get("/metrics").text
        told = {metric.name: metric for metric in read_plain(text)}
        assert not [name for name in told if "evil" in name]
        named = {sample.labels["tool"] for sample in told["tracehub_tool_calls"].samples}
        assert max(map(len, named)) <= 128
        assert len(named - {"code_interpreter"}) == len(hostile) - 1
        opened = {metric.name: metric for metric in _read_open(server.client.get("/metrics", headers=OPEN).text)}
        assert _series(opened["tracehub_tool_calls"].samples) == _series(told["tracehub_tool_calls"].samples)
        with database.reading() as connection:
            calls = len(connection.execute(select(spans.c.seq).where(spans.c.kind == "tool")).all())
        code = _by(told["tracehub_tool_calls"], "tool").get(("code_interpreter",), 0)
        assert sum(_by(told["tracehub_tool_calls"], "tool").values()) - code == calls


def test_series_are_capped_and_what_is_left_out_is_told(server: Server) -> None:
    all_of_them = {metric.name: metric for metric in StoredMetrics(server.app.database.reading).families()}
    capped = StoredMetrics(server.app.database.reading, most_cells=2)
    told = {metric.name: metric for metric in capped.families()}
    left_out = _by(told["tracehub_metrics_left_out_series"], "kind")
    assert left_out[("retrieval",)] > 0
    calls = _series(told["tracehub_knowledge_base_lookups"].samples)
    assert len(calls) + left_out[("retrieval",)] == len(_series(all_of_them["tracehub_knowledge_base_lookups"].samples))
    assert calls.items() <= _series(all_of_them["tracehub_knowledge_base_lookups"].samples).items()
    timed, every = (
        _series(each["tracehub_knowledge_base_lookup_duration_seconds"].samples) for each in (told, all_of_them)
    )
    assert timed.items() <= every.items()


def test_a_scrape_asks_few_questions_and_the_next_one_none(server: Server) -> None:
    asked: list[int] = []
    at = [0.0]

    def reading() -> object:
        asked.append(1)
        return server.app.database.reading()

    stored = StoredMetrics(reading, monotonic=lambda: at[0])  # type: ignore[arg-type]
    with counting(server) as statements:
        first = stored.families()
    assert len(statements) <= 11
    assert stored.families() is first
    at[0] = 4.9
    assert stored.families() is first
    at[0] = 5.1
    assert stored.families() is not first
    assert len(asked) == 2


def test_a_database_that_cannot_be_read_is_told_and_the_rest_still_answers(sqlite_url: str) -> None:
    with serving(sqlite_url, collect=False) as server:
        server.app.database.engine.dispose()
        with server.app.database.writing() as connection:
            connection.exec_driver_sql("ALTER TABLE rollup_marks RENAME TO gone")
        before = _told(server)
        assert before["tracehub_database_up"].samples[0].value == 0
        assert "tracehub_tool_calls" not in before
        assert "process_resident_memory_bytes" in before
        failed = _by(before["tracehub_database_errors"], "error")
        assert failed[("OperationalError",)] >= 1


def test_requests_are_counted_by_the_template_of_their_route(sqlite_url: str) -> None:
    with serving(sqlite_url, collect=False) as server:
        before = _counters(_told(server).values())
        for session in ("one", "two/three", '"{}'):
            server.client.get(f"/api/v1/sessions/{session}")
            server.client.get(f"/sessions/{session}")
            server.client.get(f"/no-such-page/{session}")
        server.client.request("PROPFIND", "/sessions")
        now = _counters(_told(server).values())
    grown = {key for key, value in now.items() if key[0] == "tracehub_http_requests" and value > before.get(key, 0)}
    told = {tuple(part.partition("=")[2] for part in key[2:]) for key in grown}
    assert {route for _, route, _ in told} <= {
        "/api/v1/sessions/{session_id}", "/sessions/{session_id:path}", "none", "/metrics", "/sessions",
    }  # fmt: skip
    assert ("GET", "/api/v1/sessions/{session_id}", "404") in told
    assert {method for method, _, _ in told} == {"GET", "other"}


def test_ingest_is_counted_by_kind_of_source(sqlite_url: str) -> None:
    with serving(sqlite_url, collect=False) as server:
        for _ in range(2):
            server.client.post("/api/v1/records", content=demo_lines(3))
        server.client.post("/api/v1/records", content=b"\x00\x01 no trace")
        told = _told(server)
    events = _by(told["tracehub_source_events"], "kind", "outcome")
    assert events[("push", "stored")] == events[("push", "duplicate")] > 0
    assert events[("push", "quarantined")] + events[("push", "ignored")] == 1
    assert told["tracehub_ingest_queue_bytes"].samples[0].value == 0


def test_exports_are_counted_by_destination(sqlite_url: str) -> None:
    with serving(sqlite_url, collect=False) as server:
        with server.app.database.writing() as connection:
            declared = Destination(name="backend", endpoint="http://127.0.0.1:1")
            destinations.declare(connection, declared, declared_in="ui", now=1)
            destinations.pause(connection, "backend", True)
        told = _told(server)
    assert _by(told["tracehub_export_spans"], "destination", "outcome")[("backend", "delivered")] == 0
    assert _by(told["tracehub_export_stands_still"], "destination") == {("backend",): 1}


def test_a_key_opens_the_metrics(sqlite_url: str) -> None:
    with serving(sqlite_url, collect=False, api_keys=KEY) as server:
        assert server.client.get("/metrics").status_code == 401
        assert server.client.get("/metrics", headers={"Authorization": f"Bearer {KEY}"}).status_code == 200


@pytest.mark.parametrize("accept", ["", "*/*", _OPEN, f"{_OPEN};version=x;;=", "é"])
def test_whatever_is_asked_for_is_answered(sqlite_url: str, accept: str) -> None:
    with serving(sqlite_url, collect=False) as server:
        assert server.client.get("/metrics", headers={b"Accept": accept.encode()}).status_code == 200


def test_a_reindex_that_makes_a_total_smaller_shows_as_a_counter_that_begins_anew(sqlite_url: str) -> None:
    with serving(sqlite_url, collect=False) as server:
        database = server.app.database
        first, *rest = _parts(3)
        for part in (first, *rest):
            store(database, part)
        catch_up(database)
        before = _counters(StoredMetrics(database.reading).families())
        empty(database)
        store(database, first)
        catch_up(database)
        after = _counters(StoredMetrics(database.reading).families())
        assert any(after[series] < before[series] for series in before if series in after)


def _parts(number: int) -> list[tuple[Event, ...]]:
    """The demo's calls dealt out to so many parts."""
    lines = demo_lines(SESSIONS).splitlines(keepends=True)
    dealt = [b"".join(lines[part::number]) for part in range(number)]
    return [decode(Record(data=data, source="demo", received_at=0), Limits()).events for data in dealt]


def _read_open(text: str) -> Iterable[Metric]:
    return openmetrics.text_string_to_metric_families(text)  # type: ignore[no-any-return,no-untyped-call]


def _told(server: Server) -> dict[str, Metric]:
    return {metric.name: metric for metric in read_plain(server.client.get("/metrics").text)}


def _by(metric: Metric, *labels: str) -> dict[object, float]:
    """The sums by these labels."""
    found: Counter[object] = Counter()
    for sample in metric.samples:
        key = tuple(sample.labels[label] for label in labels)
        found[key] += sample.value  # type: ignore[assignment]
    return dict(found)


def _series(samples: Iterable[object]) -> Series:
    return {
        (sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))): sample.value  # type: ignore[attr-defined]
        for sample in samples
        if not sample.name.endswith("_created")  # type: ignore[attr-defined]
    }


def _counters(metrics: Iterable[Metric]) -> Series:
    return {
        (metric.name, *key): value
        for metric in metrics
        if metric.type == "counter"
        for key, value in _series(metric.samples).items()
    }


def _rename(database: Database, names: list[str]) -> None:
    with database.writing() as connection:
        rows = connection.execute(select(spans.c.trace_id, spans.c.seq).where(spans.c.kind == "tool")).all()
        for number, (trace_id, seq) in enumerate(rows):
            this = (spans.c.trace_id == trace_id, spans.c.seq == seq)
            connection.execute(spans.update().where(*this).values(name=names[number % len(names)]))
