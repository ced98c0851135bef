"""The conversation and the raw events of a session."""

import base64
import json
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from tests.stores import KNOWLEDGE, migrated, store
from tracehub.bedrock.decode import decode
from tracehub.model.record import Limits, Record
from tracehub.web.pages.chat_page import LONGEST, ChatPage, chat_page
from tracehub.web.pages.raw_page import raw_page
from tracehub.web.pages.rendering import page
from tracehub.web.pages.session_view import View
from tracehub.web.pages.turn_pages import LISTED_TURNS

HOSTILE = "<script>alert(1)</script>\n\u202e{{ 7*7 }}"
LONG = "word " * LONGEST
CHAT, RAW = View(form="chat"), View(form="raw")


def _call(number: int, question: str, answer: str) -> str:
    request_id = f"{number:08x}-2222-3333-4444-555555555555"
    who = {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345", "sessionId": "s-1"}
    time = f"2026-11-20T08:{number // 60 % 60:02d}:{number % 60:02d}Z"
    step = {"rationale": {"traceId": f"{request_id}-0", "text": "I know it."}}
    trace = {**who, "agentVersion": "1", "eventTime": time, "trace": {"orchestrationTrace": step}}
    chunk = {"bytes": base64.b64encode(answer.encode()).decode()}
    return json.dumps(
        {
            "request": {
                "agentId": "AGENT12345",
                "agentAliasId": "ALIAS12345",
                "sessionId": "s-1",
                "inputText": question,
            },
            "ResponseMetadata": {"RequestId": request_id},
            "sessionId": "s-1",
            "completion": [{"trace": trace}, {"chunk": chunk}],
        }
    )


@pytest.fixture
def connection(sqlite_url: str) -> Iterator[Connection]:
    calls = [_call(0, HOSTILE, LONG), *(_call(n, f"Question {n}", f"Answer {n}") for n in range(1, LISTED_TURNS + 5))]
    with migrated(sqlite_url) as database:
        record = Record(data="\n".join(calls).encode(), source="test", received_at=0)
        store(database, decode(record, Limits()).events)
        with database.reading() as reading:
            yield reading


def _chat(connection: Connection, first: int = 1) -> ChatPage:
    return chat_page(connection, KNOWLEDGE, "s-1", CHAT, now=0, first=first, opened=None)


def test_a_conversation_shows_whole_texts_and_links_to_those_it_cuts(connection: Connection) -> None:
    first, second = _chat(connection).turns[:2]
    assert first.answer
    assert (len(first.answer.text), first.answer.size) == (LONGEST, "60.0 KB")
    assert str(first.answer.whole).endswith("/output.txt")
    assert second.question
    assert second.answer
    assert (second.question.text, second.answer.text, second.answer.whole) == ("Question 1", "Answer 1", None)
    assert second.steps_href.startswith("/sessions/s-1?turn=")


def test_a_conversation_is_shown_in_pages(connection: Connection) -> None:
    shown = _chat(connection)
    assert (len(shown.turns), shown.pages.listed) == (LISTED_TURNS, f"Turns 1 to 100 of {LISTED_TURNS + 5}")
    later = _chat(connection, LISTED_TURNS + 1)
    assert [turn.number for turn in later.turns] == [101, 102, 103, 104, 105]
    assert str(shown.pages.later).endswith("?view=chat&from=101")


def test_a_conversation_stays_text(connection: Connection) -> None:
    html = bytes(page("session_chat.html", _chat(connection)).body).decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;\n⟦U+202E⟧{{ 7*7 }}" in html
    assert "<script>alert" not in html


def test_raw_events_are_listed_with_their_sizes_and_the_first_ones_shown(connection: Connection) -> None:
    shown = raw_page(connection, "s-1", RAW, now=0, first=1, opened=None)
    first, second = shown.turns[:2]
    assert (first.open, second.open) == (True, False)
    assert first.events[0].kind == "request"
    assert any(event.text for event in first.events)
    assert not any(event.text for event in second.events)
    html = bytes(page("session_raw.html", shown).body).decode()
    assert "<script>alert" not in html


def test_the_turn_of_the_address_is_the_open_one(connection: Connection) -> None:
    wanted = raw_page(connection, "s-1", RAW, now=0, first=1, opened=None).turns[3].trace_id
    opened = raw_page(connection, "s-1", RAW, now=0, first=1, opened=wanted)
    assert [turn.trace_id for turn in opened.turns if turn.open] == [wanted]
