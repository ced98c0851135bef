"""Decodes a log stream that is read bit by bit over days, by processes that come and go."""

from collections.abc import Sequence

import msgspec
import orjson
import zstandard

from tracehub.bedrock.correlate import Context, Correlator
from tracehub.bedrock.envelopes.lines import read_text
from tracehub.bedrock.found import Findings
from tracehub.model.record import Decoded, Event, Limits

# Loggers cut what is longer: Docker at 16 KB, others at 256,000 bytes, 262,118 or 1 MB. What was cut at such a length
# goes on in the next event without a line break between.
SHORTEST_CUT = 16_000
_MOST_HELD = 16 * 1024 * 1024


class _Sitting(msgspec.Struct, array_like=True, frozen=True):
    """`held` is the text of what is not whole yet; `cut` whether its last event was probably cut."""

    held: bytes = b""
    cut: bool = False
    context: Context = Context()


class LogDecoder:
    """Takes the events of one stream in their order. `state()` holds all that is needed to go on elsewhere.

    All that it gives together is what `decode` finds in the stream's whole text, as long as no more than 32 calls lie
    among each other.
    """

    def __init__(self, limits: Limits, state: bytes | None = None) -> None:
        """LookupError never: a state that another version wrote and that cannot be read begins anew."""
        self._limits = limits
        sitting = _restored(state) if state else _Sitting()
        self._held = sitting.held
        self._cut = sitting.cut
        self._correlator = Correlator()
        self._correlator.restore(sitting.context)

    @property
    def holds(self) -> bool:
        """Whether something waits for what comes next."""
        return bool(self._held.strip()) or self._correlator.waits

    def feed(self, messages: Sequence[str]) -> Decoded:
        """What these events add."""
        findings = Findings(self._limits)
        text = bytearray(self._held)
        for message in messages:
            data = message.encode("utf-8", "surrogatepass")
            text += data
            self._cut = _is_cut(data)
            if not self._cut and not data.endswith(b"\n"):
                text += b"\n"
        done = read_text(bytes(text), findings, final=False)
        self._held = bytes(text[done:])
        if len(self._held) > min(_MOST_HELD, self._limits.max_document_bytes):
            self._read_held(findings)
        return findings.decoded(self._correlator.events(findings.items))

    def close(self) -> Decoded:
        """What is held, read as it is, as nothing more seems to come. More may be fed afterwards."""
        findings = Findings(self._limits)
        self._read_held(findings)
        events: list[Event] = self._correlator.events(findings.items)
        return findings.decoded(events + self._correlator.close())

    def state(self) -> bytes:
        """All that is held and kept in mind."""
        sitting = _Sitting(self._held, self._cut, self._correlator.snapshot())
        return zstandard.ZstdCompressor(level=1).compress(msgspec.msgpack.encode(sitting))

    def _read_held(self, findings: Findings) -> None:
        if self._held.strip():
            read_text(self._held, findings, final=True)
        self._held, self._cut = b"", False


def _is_cut(message: bytes) -> bool:
    if len(message) < SHORTEST_CUT or message.endswith(b"\n"):
        return False
    if message.rstrip()[-1:] not in (b"}", b"]"):
        return True
    try:
        orjson.loads(message[message.find(b"{") :])
    except orjson.JSONDecodeError:
        return True
    return False


def _restored(state: bytes) -> _Sitting:
    try:
        return msgspec.msgpack.decode(zstandard.ZstdDecompressor().decompress(state), type=_Sitting)
    except (msgspec.DecodeError, zstandard.ZstdError):
        return _Sitting()
