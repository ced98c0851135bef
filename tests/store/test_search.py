"""Search finds the same traces on both databases, and those that going through all tokens finds."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.stores import KNOWLEDGE, content, empty, migrated, store
from tests.traffic import demo_events
from tracehub.model.listing import Filter
from tracehub.model.search.query import MOST_TOKENS, Field, Query, QuerySyntaxError, Term, parse_query
from tracehub.model.search.texts import SearchedText
from tracehub.model.search.tokens import tokens
from tracehub.model.span import Agent, AgentSpan, Outcome
from tracehub.model.trace import Trace
from tracehub.pipeline.reindex import reindex
from tracehub.pipeline.rows import TRACE_COLUMNS, trace_row
from tracehub.store import search, search_postgresql, search_sqlite, sessions, traces
from tracehub.store.database import Database

Q, A, IN, OUT = Field.QUESTION, Field.ANSWER, Field.TOOL_INPUT, Field.TOOL_OUTPUT
CORPUS: tuple[tuple[tuple[Field, str], ...], ...] = (
    ((Q, "Where is my order A-10422?"), (OUT, '{"order_id": "A-10422", "status": "out of stock"}'), (A, "It is late.")),
    ((Q, "Wo ist meine Bestellung? Die Größe passt nicht."), (A, "Über die Straße, Herr Müller")),
    ((Q, "我要退款，订单号 A-10422"), (A, "退款申请已经提交")),
    ((Q, "返品したいです。カタログも"), (A, "ｶﾞ 承知しました")),
    ((Q, "ฉันต้องการคืนเงิน"), (A, "คืนเงินแล้ว")),
    ((Q, "أين طلبي؟ رقم ١٢٣"), (A, "طلبك في الطريق")),
    ((Q, "환불해 주세요 order"), (A, "네")),
    ((IN, "tool=OrderActions__refund_order refundable"), (OUT, "https://example.com/a?mail=anna.b@example.org")),
    ((Field.ERROR, "ThrottlingException: rate exceeded"), (Field.CODE, "def f(x):\n    return x['order']")),
    (
        (Field.QUERY, "refund policy"),
        (Field.REFERENCE, "s3://bucket/refund policy.pdf"),
        (Field.REFERENCE, "late order"),
    ),
    ((Field.RATIONALE, "The order is late"), (Field.OTHER, "PII filter"), (A, "退")),
    ((Q, "一 二 order"), (Q, "is my"), (A, "order order order")),
)
QUERIES = (
    "order", "ORDER late", '"order is late"', '"is my order"', "refund*", "refund_order", "A-10422", "orderactions*",
    "OrderActions__refund_order", "order -late", 'order -"out of stock"', "question:order", "answer:order",
    "input:refund output:example", 'reference:"refund policy"', "reference:policy query:policy", "error:rate",
    "code:return", "größe", "GRÖSSE", "straße", "müller", "退款", "退", "款", "请", "申请已经", "answer:退", "返品",
    "した", "ガ", "คืนเงิน", "คืน", "เงิน", "طلبي", "طلب*", "١٢٣", "환불", "환", "order 환불", "example.com",
    "anna.b@example.org", "anna", "https://example.com/a", "pii", "filter order", '"order order order"',
    '"order order order order"', "any:late -question:x", "x", "zzz", '"late order" "refund policy"', '"my is"',
    '"order it"',
)  # fmt: skip
ALPHABET = "abA1 -_.'\"*:&|!()<>\\\\退款申请คืนเงิน한国ßé\u0301\u200b\x00"


@pytest.mark.parametrize("query", QUERIES)
def test_some_queries_find_something_and_others_nothing(query: str) -> None:
    found = [number for number, texts in enumerate(CORPUS) if _holds(texts, parse_query(query))]
    nothing = {"zzz", '"order order order order"', '"my is"', '"order it"', "reference:policy query:policy -x"}
    assert bool(found) is (query not in nothing)


def test_every_query_finds_what_going_through_all_tokens_finds(database_url: str) -> None:
    with migrated(database_url) as database:
        _fill(database, CORPUS)
        for query in QUERIES:
            expected = {number for number, texts in enumerate(CORPUS) if _holds(texts, parse_query(query))}
            assert _found(database, query) == expected, query


def test_any_texts_and_any_query_agree_with_going_through_all_tokens(database_url: str) -> None:
    texts = st.lists(st.tuples(st.sampled_from(Field), st.text(ALPHABET, max_size=12)), max_size=4).map(tuple)
    typed = st.one_of(st.sampled_from(QUERIES), st.text(ALPHABET, max_size=12))
    with migrated(database_url) as database:

        @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(st.lists(texts, min_size=1, max_size=4), st.lists(typed, min_size=1, max_size=8))
        def agree(corpus: list[tuple[tuple[Field, str], ...]], queries: list[str]) -> None:
            _fill(database, corpus)
            for text in queries:
                with suppress(QuerySyntaxError):
                    query = parse_query(text)
                    expected = {number for number, texts in enumerate(corpus) if _holds(texts, query)}
                    assert _found(database, text) == expected

        agree()


def test_hostile_queries_are_never_an_error_of_the_database(database_url: str) -> None:
    with migrated(database_url) as database:
        _fill(database, CORPUS)

        @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
        @given(st.text(st.one_of(st.characters(), st.sampled_from(ALPHABET)), max_size=40))
        def ask(text: str) -> None:
            with suppress(QuerySyntaxError):
                _found(database, text)

        ask()


def test_phrases_are_found_in_texts_beyond_the_limits_of_a_tsvector(database_url: str) -> None:
    words = [f"w{number}" for number in range(20_000)]
    often = " ".join("a b" if number % 7 else "a c" for number in range(3000)) + " a b end"
    with migrated(database_url) as database:
        _fill(database, [((OUT, " ".join(words)),), ((A, often),), ((Q, "z " * 500 + "x"), (Q, "x end"))])
        for place in range(0, len(words) - MOST_TOKENS, 997):
            assert _found_by(database, Query((Term(tuple(words[place : place + MOST_TOKENS])),))) == {0}
        assert _found(database, '"w15990 w15991 w15992"') == {0}
        assert _found(database, '"a b end"') == {1}
        assert _found(database, '"z z z z x"') == {2}
        assert _found(database, '"x x"') == set()
        assert _found(database, "w1 -w19999") == set()


def test_many_documents_and_few_are_found_alike(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with migrated(sqlite_url) as database:
        _fill(database, CORPUS)
        expected = {query: _found(database, query) for query in QUERIES}
        monkeypatch.setattr(search_sqlite, "MANY", 1)
        assert {query: _found(database, query) for query in QUERIES} == expected


def test_other_conditions_hold_for_the_same_trace(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with migrated(database_url) as database, database.reading() as connection:
        _fill(database, CORPUS)
        for many in (1, search_sqlite.MANY):
            monkeypatch.setattr(search_sqlite, "MANY", many)
            q = parse_query("order")
            assert sessions.count(connection, Filter(q=q, agents=("A0", "A1")), 100) == 1
            assert sessions.count(connection, Filter(q=q, agents=("A1",)), 100) == 0


def test_what_is_written_again_is_found_as_it_is_now(database_url: str) -> None:
    with migrated(database_url) as database:
        _fill(database, [((Q, "before"),), ((Q, "other"),)])
        _write(database, {0: ((Q, "after"), (A, "one"))})
        assert (_found(database, "before"), _found(database, "after")) == (set(), {0})
        _write(database, {0: ((Q, "after"), (A, "one"))})
        assert _found(database, "after one") == {0}
        with database.writing() as connection:
            search.remove(connection, [_trace_id(0)])
        assert (_found(database, "after"), _found(database, "other")) == (set(), {1})
        _write(database, {0: ()})
        _write(database, {0: ((Q, "other"),)})
        assert _found(database, "other") == {0, 1}


def test_what_another_tokenizer_has_cut_is_replaced(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with migrated(database_url) as database:
        monkeypatch.setattr(search, "VERSION", "0/old")
        _fill(database, [((Q, "before"),), ((Q, "other"),)])
        monkeypatch.undo()
        _write(database, {0: ((Q, "after"),)})
        assert [_found(database, word) for word in ("before", "after", "other")] == [set(), {0}, {1}]


@pytest.mark.parametrize("batches", [1, 7])
def test_late_events_and_reindexing_leave_what_one_batch_leaves(database_url: str, batches: int) -> None:
    events = demo_events(6)
    with migrated(database_url) as database:
        store(database, events)
        whole, texts = _every_answer(database), _texts(database)
        assert whole["refund*"]
        empty(database)
        for start in range(batches):
            store(database, events[start::batches])
        assert (_every_answer(database), _texts(database)) == (whole, texts)
        reindex(database, KNOWLEDGE, now=1, tell=lambda _: None)
        assert (_every_answer(database), _texts(database)) == (whole, texts)
        with database.writing() as connection:
            search.clear(connection)
        assert _every_answer(database)["refund*"] == set()
        reindex(database, KNOWLEDGE, now=1, tell=lambda _: None)
        assert (_every_answer(database), _texts(database)) == (whole, texts)


def test_a_tsvector_keeps_to_its_limits() -> None:
    text = " ".join(f"{'ü' * 60}{number}" for number in range(5000)) + " same" * 2000
    for vector in search_postgresql.tsvectors([SearchedText("0" * 16, Q, text)]):
        assert len(vector.encode()) < 1_000_000
        assert all(len(part.split(",")) <= search_postgresql.MOST_OF_ONE for part in vector.split(" "))


def _holds(texts: Iterable[tuple[Field, str]], query: Query) -> bool:
    cut = [(field, tokens(text)) for field, text in texts]
    return all(_has(cut, term) for term in query.wanted) and not any(_has(cut, term) for term in query.unwanted)


def _has(cut: Sequence[tuple[Field, list[str]]], term: Term) -> bool:
    return any(_stands(found, term) for field, found in cut if term.field in (None, field))


def _stands(found: list[str], term: Term) -> bool:
    *first, last = term.tokens
    return any(
        found[place : place + len(first)] == first
        and (found[place + len(first)] == last or (term.prefix and found[place + len(first)].startswith(last)))
        for place in range(len(found) - len(first))
    )


def _found(database: Database, text: str) -> set[int]:
    return _found_by(database, parse_query(text))


def _found_by(database: Database, query: Query) -> set[int]:
    """The numbers of the traces found; each is a session of its own, so that both lists must agree."""
    with database.reading() as connection:
        of_traces = {int(row.trace_id, 16) for row in traces.page(connection, Filter(q=query), limit=1000).rows}
        of_sessions = {int(row.session_id) for row in sessions.page(connection, Filter(q=query), limit=1000).rows}
        assert sessions.count(connection, Filter(q=query), 1000) == len(of_sessions)
    assert of_traces == of_sessions
    return of_traces


def _fill(database: Database, corpus: Sequence[tuple[tuple[Field, str], ...]]) -> None:
    empty(database)
    rows = [trace_row(_trace(number), 1, 1) for number in range(len(corpus))]
    with database.writing() as connection:
        traces.add(connection, TRACE_COLUMNS, rows)
        sessions.refresh(connection, [str(number) for number in range(len(corpus))])
    _write(database, dict(enumerate(corpus)))


def _write(database: Database, corpus: Mapping[int, tuple[tuple[Field, str], ...]]) -> None:
    documents = [
        search.Document(_trace_id(number), str(number), tuple(SearchedText("0" * 16, *each) for each in texts))
        for number, texts in corpus.items()
    ]
    with database.writing() as connection:
        search.replace(connection, [each.trace_id for each in documents], documents)


def _trace_id(number: int) -> str:
    return f"{number:032x}"


def _trace(number: int) -> Trace:
    agent = Agent(agent_id=f"A{number}")
    root = AgentSpan(span_id="0" * 16, parent_id=None, name="a", phase=None, run_id=None, step_id=None, agent=agent)
    return Trace(
        trace_id=_trace_id(number),
        session_id=str(number),
        agent=agent,
        started_at=number,
        ended_at=None,
        outcome=Outcome.OK,
        error=None,
        missing=(),
        question=None,
        answer=None,
        citations=(),
        files=(),
        spans=(root,),
        return_controls=(),
        answers=None,
    )


def _every_answer(database: Database) -> dict[str, set[str]]:
    with database.reading() as connection:
        return {
            query: {row.trace_id for row in traces.page(connection, Filter(q=parse_query(query)), limit=1000).rows}
            for query in ("order", "refund*", "the -refund", "error:timeout", "code:import", "退", "question:the")
        }


def _texts(database: Database) -> dict[str, tuple[SearchedText, ...]]:
    with database.reading() as connection:
        return search.texts(connection, [row["trace_id"] for row in content(database)["traces"]])
