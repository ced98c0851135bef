"""The binary response stream as it came over the wire (envelope 1)."""

from collections.abc import Iterable

from tracehub.bedrock.envelopes.stream_message import read_stream_message
from tracehub.bedrock.eventstream import BadFrame, Frame, encode_frame, is_frame_start
from tracehub.bedrock.found import Call, Findings

# What a header of every message begins with; found where the first frame's prelude is damaged.
_HEADERS = (b"\x0b:event-type\x07", b"\x0d:message-type\x07", b"\x0f:exception-type\x07")
_SEARCHED = 64 * 1024


def is_event_stream(data: bytes) -> bool:
    """Whether `data`, from its beginning, is a binary response stream, be it a damaged one."""
    return is_frame_start(data) or any(data.find(header, 0, _SEARCHED) >= 0 for header in _HEADERS)


def read_frames(frames: Iterable[Frame | BadFrame], findings: Findings) -> None:
    """Takes the messages in `frames` as a part of the one call that the record is."""
    messages = []
    for frame in frames:
        if isinstance(frame, BadFrame):
            findings.quarantine(frame.reason, frame.data)
            continue
        whole = encode_frame(frame.headers, frame.payload)
        if message := read_stream_message(frame.headers, frame.payload, whole, findings):
            messages.append(message)
    if messages:
        findings.items.append(Call(tuple(messages), continues=True))
