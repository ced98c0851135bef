"""The raw events of a step."""

from collections.abc import Mapping, Sequence

from tracehub.web.pages import addresses
from tracehub.web.pages.amounts import counted, size
from tracehub.web.pages.sections import RawEvent, RawEvents
from tracehub.web.pages.texts import PREVIEW, WHOLE, indented
from tracehub.web.pages.visible import visible

SHOWN = 4
LISTED = 40


def raw_events(trace_id: str, event_ids: Sequence[str], raw: Mapping[str, bytes]) -> RawEvents:
    """The first events whole, some more as links, and the address of all of the trace's."""
    title = counted(len(event_ids), "raw event") if event_ids else "Raw events of the turn"
    listed = tuple(_event(trace_id, event_id, raw.get(event_id)) for event_id in event_ids[:LISTED])
    return RawEvents(title=title, events=listed, all_href=addresses.events(trace_id))


def _event(trace_id: str, event_id: str, data: bytes | None) -> RawEvent:
    if data is None:
        return RawEvent(event_id, "", None, addresses.event(trace_id, event_id))
    text = data.decode("utf-8", "replace")
    shown = indented(text) or text if len(data) <= WHOLE else f"{text[:PREVIEW]}…"
    return RawEvent(event_id, size(len(data)), visible(shown), addresses.event(trace_id, event_id))
