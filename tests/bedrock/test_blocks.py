"""A block gives back the events that were packed into it."""

from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tracehub.bedrock.blocks import pack, unpack, unpack_raw
from tracehub.errors import UndecodableError
from tracehub.model.record import Event, EventKind

KINDS: tuple[EventKind, ...] = ("trace", "chunk", "return_control", "files", "exception", "request", "response")
IDS = st.text(alphabet="0123456789abcdef", min_size=32, max_size=32)


def event_of(index: int, text: str, kind: EventKind = "trace", run_id: str | None = None) -> Event:
    body: dict[str, object] = {"trace": {"text": text}}
    return Event(
        kind=kind,
        event_id=f"{index:032x}",
        run_id=run_id,
        trace_id="a" * 32,
        index=index,
        raw=orjson.dumps(body),
        body=body,
    )


@given(
    st.lists(
        st.builds(
            event_of,
            st.integers(min_value=0, max_value=2**31),
            st.text(),
            st.sampled_from(KINDS),
            st.none() | IDS,
        )
    )
)
def test_a_block_holds_its_events_in_their_order(events: list[Event]) -> None:
    block = pack(events)
    assert unpack(block) == tuple(events)
    assert list(unpack_raw(block)) == [(event.event_id, event.raw) for event in events]


def test_a_history_that_every_step_repeats_is_kept_once() -> None:
    lines = "".join(f"line {n} of the prompt; " for n in range(1000))
    assert len(pack([event_of(n, lines) for n in range(20)])) < len(pack([event_of(0, lines)])) * 2


def test_threads_pack_at_the_same_time() -> None:
    events = [event_of(n, "text" * 1000) for n in range(50)]
    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(pack, [events] * 64)) == {pack(events)}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no block",
        pack([event_of(1, "text")])[:-3],
        zstandard.compress(b"no rows"),
        zstandard.compress(b"\x91\x96"),
        zstandard.ZstdCompressor(write_content_size=False).compress(b"x"),
        b"\x28\xb5\x2f\xfd\xe0" + b"\xff" * 8,
    ],
)
def test_a_damaged_block_is_refused(data: bytes) -> None:
    with pytest.raises(UndecodableError):
        unpack(data)
    with pytest.raises(UndecodableError):
        unpack_raw(data)
