"""Text of any envelope: strict JSON line by line and fast, whatever is left by the tolerant reader."""

import orjson

from tracehub.bedrock.envelopes.json_value import Embedded, read_json_value
from tracehub.bedrock.envelopes.log_text import read_log_text
from tracehub.bedrock.found import Findings
from tracehub.bedrock.shapes import recognise

_OPENING = b"{["
_DEEPEST_EMBEDDING = 4
# A line that ends so is not the end of an object, whatever stands on the next.
_UNFINISHED = (b",", b"[", b"{", b":", b"(")


def read_text(data: bytes, findings: Findings, *, final: bool, level: int = 0) -> int:
    """Takes all messages in `data`; how many bytes are done with.

    Unless `final`, what the end cuts off is left for when more has come.
    """
    if final and _read_whole(data, findings, level):
        return len(data)
    return _Lines(data, findings, level, final=final).read()


def _read_whole(data: bytes, findings: Findings, level: int) -> bool:
    """Takes `data` if it is one JSON document over several lines."""
    first = data[:4096].lstrip(b" \t\r\n")
    if not first.startswith((b"{", b"[")) or b"\n" not in data.strip():
        return False
    line, _, _ = first.partition(b"\n")
    if len(line) < len(first) and _parse(line) is not _NOT_JSON:
        return False
    body = _parse(data)
    if body is _NOT_JSON:
        return False
    read_json_value(body, data, findings, _embedded(findings, level))
    return True


class _Lines:
    """`_rest` is where the lines begin that are no JSON of their own."""

    def __init__(self, data: bytes, findings: Findings, level: int, *, final: bool) -> None:
        self._data = data
        self._findings = findings
        self._final = final
        self._embedded = _embedded(findings, level)
        self._rest: int | None = None

    def read(self) -> int:
        data = self._data
        place = 0
        while place < len(data):
            end = data.find(b"\n", place)
            if end < 0:
                if not self._final:
                    break
                end = len(data)
            self._read_line(place, end)
            place = end + 1
        place = min(place, len(data))
        if self._rest is None:
            return place
        return self._rest + self._read_rest(place, final=self._final)

    def _read_line(self, place: int, end: int) -> None:
        line = self._data[place:end]
        start = line[:1]
        body = _parse(line) if start and start in b"{[ \t" else _NOT_JSON
        if body is _NOT_JSON or (self._rest is not None and not self._stands_alone(body, place)):
            if self._rest is None and line.strip():
                self._rest = place
            return
        if self._rest is not None:
            self._read_rest(place, final=True)
            self._rest = None
        most = self._findings.limits.max_document_bytes
        if len(line) > most:
            self._findings.quarantine(f"the line is larger than max_document_bytes ({most})", line)
            return
        read_json_value(body, line, self._findings, self._embedded)

    def _stands_alone(self, body: object, place: int) -> bool:
        """Whether a line of JSON among other lines is a message, and not part of an object over several lines."""
        if self._data[place] not in _OPENING or not isinstance(body, dict):
            return False
        if self._data[self._rest : place].rstrip()[-1:] in _UNFINISHED:
            return False
        return "completion" in body or recognise(body) is not None

    def _read_rest(self, end: int, *, final: bool) -> int:
        """Reads the lines set aside; how many bytes of them are done with."""
        data = self._data[self._rest : end]
        text = data.decode("utf-8", "surrogateescape")
        done = read_log_text(text, self._findings, self._embedded, final=final)
        return len(data) if done == len(text) else len(text[:done].encode("utf-8", "surrogateescape"))


def _embedded(findings: Findings, level: int) -> Embedded:
    def read(text: str) -> None:
        if level < _DEEPEST_EMBEDDING:
            read_text(text.encode("utf-8", "surrogatepass"), findings, final=True, level=level + 1)
        else:
            findings.ignored += 1

    return read


class _NotJson:
    pass


_NOT_JSON = _NotJson()


def _parse(data: bytes) -> object:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return _NOT_JSON
