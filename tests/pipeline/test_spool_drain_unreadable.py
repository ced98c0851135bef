"""A call in the spool that cannot be read keeps no other from being stored."""

from pathlib import Path

import msgspec

from tracehub.bedrock.captured_call import Answered, Closed, Opened
from tracehub.model.record import Decoded, Limits
from tracehub.pipeline.spool_drain import SpoolDrain
from tracehub.spool.entries import Kind
from tracehub.spool.writer import SpoolWriter

AT = 1_790_000_000_000_000


def test_a_call_that_cannot_be_read_is_set_aside_and_the_next_is_stored(tmp_path: Path) -> None:
    deep: object = "end"
    for _ in range(400):
        deep = [deep]
    writer = SpoolWriter(tmp_path, most_bytes=2**20)
    for number, text in ((1, deep), (2, "hi")):
        opened = Opened(call_id=f"call-{number}", request={"inputText": text})
        writer.add(number, Kind.OPENED, AT, msgspec.json.encode(opened))
        writer.add(number, Kind.ANSWERED, AT, msgspec.json.encode(Answered(status=200, headers=[])))
        writer.add(number, Kind.CLOSED, AT, msgspec.json.encode(Closed(end="complete")))
    writer.close()
    stored: list[Decoded] = []
    drain = SpoolDrain(tmp_path, lambda found: stored.append(found.decoded), Limits())
    drain.drain()
    assert [event.kind for decoded in stored for event in decoded.events] == ["request", "response"]
    (aside,) = [piece for decoded in stored for piece in decoded.quarantined]
    assert "cannot be read" in aside.reason
