"""Logs: objects as JSON or Python repr among other text, on one line or over many (envelopes 5 to 11)."""

import re

import orjson

from tracehub.bedrock.envelopes.botocore_error import exception_in
from tracehub.bedrock.envelopes.json_value import Embedded, read_json_value
from tracehub.bedrock.envelopes.object_end import EndFinder
from tracehub.bedrock.found import Findings
from tracehub.bedrock.literal import LiteralError
from tracehub.bedrock.signs import looks_like_trace
from tracehub.bedrock.tolerant import encode, read_value

# Lists of objects need no beginning of their own: the objects in them have theirs.
_CANDIDATE = re.compile(
    r"""[{\[](?=\s*+(?:["']|\Z))|(?<![\w.])[A-Za-z_][\w.]*+\((?=\s*+(?:["'\[{(]|[A-Za-z_]\w*+\s*+[=(]|\Z))"""
)
# What is left of a list whose objects were read.
_PUNCTUATION = "[], \t\r"
# An object that begins with a named member was meant to be one, whatever follows.
_OBJECT = re.compile(r"""\{\s*+(["'])[^"'\n]{1,200}\1\s*+:""")


def read_log_text(text: str, findings: Findings, embedded: Embedded, *, final: bool) -> int:
    """Takes all objects in `text` that hold messages; how many characters are done with.

    Unless `final`, an object that the text's end cuts off is left for when more has come. A broken object goes to
    quarantine whole and reading goes on behind it. Linear in the length of the text.
    """
    return _LogText(text, findings, embedded, final=final).read()


class _LogText:
    """`_told` is the end of what is counted already."""

    def __init__(self, text: str, findings: Findings, embedded: Embedded, *, final: bool) -> None:
        self._text = text
        self._findings = findings
        self._embedded = embedded
        self._final = final
        self._told = 0
        self._ends = EndFinder(text)
        self._rereadable = 2 * len(text)

    def read(self) -> int:
        place = 0
        while found := _CANDIDATE.search(self._text, place):
            start = found.start()
            try:
                value, end = read_value(self._text, start, self._findings.limits.max_depth)
            except LiteralError as error:
                if error.at_end and not self._final:
                    self._tell_lines(start)
                    return start
                place = self._failed(start, error)
                continue
            place = self._read(value, start, end)
        self._tell_lines(len(self._text))
        return len(self._text)

    def _read(self, value: object, start: int, end: int) -> int:
        """Takes one object. One without messages is part of the text around it unless it has lines of its own."""
        if looks_like_trace(self._text, start, end):
            self._tell_lines(start)
            raw = self._text[start:end].encode("utf-8", "surrogateescape")
            body, raw = _strict(raw, value)
            read_json_value(body, raw, self._findings, self._embedded)
            self._told = end
        elif "\n" in self._text[start:end]:
            self._tell_lines(start)
            self._findings.ignored += 1
            self._told = end
        return end

    def _failed(self, start: int, error: LiteralError) -> int:
        """Where to go on: behind the whole object where it was meant to be a trace, else where reading stopped.

        A broken list or call is left for the whole objects in it, as long as that costs no more than a few readings.
        """
        stopped = max(error.place, start + 1)
        is_object = self._text[start] == "{" and _OBJECT.match(self._text, start) is not None
        end = self._ends.end_of(start, stopped) if is_object else stopped
        if not looks_like_trace(self._text, start, end):
            return stopped
        if self._text[start] != "{" and self._rereadable >= stopped - start:
            self._rereadable -= stopped - start
            found = _CANDIDATE.match(self._text, start)
            return found.end() if found else stopped
        self._tell_lines(start)
        self._findings.quarantine(str(error), self._text[start:end].rstrip().encode("utf-8", "surrogateescape"))
        self._told = end
        return end

    def _tell_lines(self, end: int) -> None:
        """Counts the lines of text between the last object and `end`, but for those that hold an object too."""
        between = self._text[self._told : end]
        lines = between.split("\n")
        if self._told and self._text[self._told - 1] != "\n":
            lines = lines[1:]
        if lines and end < len(self._text):
            lines = lines[:-1]
        self._told = end
        for line in lines:
            if message := exception_in(line):
                self._findings.keep(message)
            elif line.strip(_PUNCTUATION):
                self._findings.ignored += 1


def _strict(raw: bytes, value: object) -> tuple[object, bytes]:
    """The object with its own bytes where they are strict JSON, else with its value encoded anew."""
    try:
        return orjson.loads(raw), raw
    except orjson.JSONDecodeError:
        encoded = encode(value)
        return orjson.loads(encoded), encoded
