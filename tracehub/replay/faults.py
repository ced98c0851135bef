"""Faults on demand: `throttle@3`, `cut@3`, `slow=200ms`, `http=503`, each with `:every=N` where wanted."""

import re
from collections.abc import Iterable, Sequence

import msgspec

from tracehub.errors import PermanentError
from tracehub.replay.recording import Refusal

_FORMS = "throttle@N, cut@N, slow=200ms, http=503, each also with :every=N"
_FAULT = re.compile(
    r"(?:throttle@(?P<throttle>\d{1,9})|cut@(?P<cut>\d{1,9})|http=(?P<http>\d{3})"
    r"|slow=(?P<slow>\d{1,6}(?:\.\d{1,6})?)(?P<unit>ms|s))(?::every=(?P<every>\d{1,9}))?"
)
# The codes of the service model's errors, and what AWS's front end says where the service is not there.
_CODES = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    409: "ConflictException",
    424: "DependencyFailedException",
    429: "ThrottlingException",
    500: "InternalServerException",
    502: "BadGatewayException",
    503: "ServiceUnavailableException",
    504: "GatewayTimeoutException",
}


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What strikes a call: a throttlingException or a broken connection after so many frames, so many microseconds
    before each frame, or an HTTP error in place of the stream. `every` N strikes only each N-th call."""

    throttle: int | None = None
    cut: int | None = None
    slow: int = 0
    refusal: Refusal | None = None
    every: int = 1


def parse_fault(text: str) -> Fault:
    """The fault that `text` names; PermanentError, saying what may be named, where it is none."""
    found = _FAULT.fullmatch(text.strip())
    every = int(found["every"] or 1) if found else 0
    if found is None or every == 0:
        msg = f"{text!r} is no fault: {_FORMS}"
        raise PermanentError(msg)
    if found["throttle"] is not None:
        return Fault(throttle=int(found["throttle"]), every=every)
    if found["cut"] is not None:
        return Fault(cut=int(found["cut"]), every=every)
    if found["slow"] is not None:
        return Fault(slow=round(float(found["slow"]) * (1_000_000 if found["unit"] == "s" else 1000)), every=every)
    return Fault(refusal=_refusal(int(found["http"])), every=every)


def parse_faults(text: str) -> tuple[Fault, ...]:
    """Faults with commas between them, as a header has them; `none` for none."""
    return () if text.strip() == "none" else tuple(parse_fault(each) for each in text.split(","))


def united(faults: Iterable[Fault]) -> Fault:
    """All of `faults` as one: the earliest of each kind, slownesses added."""
    listed = list(faults)
    return Fault(
        throttle=min((fault.throttle for fault in listed if fault.throttle is not None), default=None),
        cut=min((fault.cut for fault in listed if fault.cut is not None), default=None),
        slow=sum(fault.slow for fault in listed),
        refusal=next((fault.refusal for fault in listed if fault.refusal is not None), None),
    )


class Faults:
    """The faults in force, and how many calls there were."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = faults
        self._calls = 0

    def next(self) -> Fault:
        """What strikes the next call."""
        self._calls += 1
        return united(fault for fault in self._faults if self._calls % fault.every == 0)


def _refusal(status: int) -> Refusal:
    code = _CODES.get(status)
    if code is None:
        msg = f"http={status} is no answer of Bedrock's: {', '.join(map(str, _CODES))}"
        raise PermanentError(msg)
    return Refusal(status, code, f"tracehub replay was told to answer {status}")
