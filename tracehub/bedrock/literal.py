"""Parses what Python's repr writes, and JSON that is not strict, without evaluating anything."""

import re
from base64 import b64encode

from tracehub.bedrock.literal_calls import Call, meaning_of_call, meaning_of_name
from tracehub.bedrock.literal_strings import bytes_of, text_of
from tracehub.errors import UndecodableError

_TOKEN = re.compile(
    r"""[ \t\r\n\f]*+(?:
    (?P<mark>[\[\]{}(),:=])
  | (?P<string>[bBuUrR]{0,2}(?:"(?:[^"\\\n]|\\[^\n])*+"|'(?:[^'\\\n]|\\[^\n])*+'))
  | (?P<number>[-+]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?(?![\w.]))
  | (?P<name>-?[A-Za-z_][\w.]*+)
  | (?P<object><[^<>\n]*+>)
  )""",
    re.VERBOSE,
)
_SPACE = re.compile(r"[ \t\r\n\f]*+")
_CLOSING = {"[": "]", "(": ")"}
_DIGITS = 4000


class LiteralError(UndecodableError):
    """Not a literal. `place` is where reading stopped; `at_end` tells that it stopped because the text did."""

    def __init__(self, message: str, place: int, *, at_end: bool = False) -> None:
        super().__init__(message)
        self.place = place
        self.at_end = at_end


def parse_literal(text: str, place: int, max_depth: int) -> tuple[object, int]:
    """The value written at `place`, as JSON has it, and the place behind it; LiteralError where there is none.

    Times become ISO text, bytes base64 text, tuples and sets lists, calls the object of their keyword arguments,
    `<…>` placeholders text. What is not a number to JSON (nan, inf) is None. Linear in the length of what is read.
    """
    parser = _Parser(text, place, max_depth)
    try:
        value = parser.value(0)
    except RecursionError as error:
        raise LiteralError("it is nested too deeply", parser.place) from error
    return value, parser.place


class _Parser:
    def __init__(self, text: str, place: int, max_depth: int) -> None:
        self._text = text
        self._max_depth = max_depth
        self.place = place

    def value(self, depth: int) -> object:
        kind, token = self._next()
        match kind:
            case "string":
                return self._string(token)
            case "number":
                return self._number(token)
            case "object":
                return token
            case "name":
                if self._accept("("):
                    args, kwargs = self._arguments(depth + 1)
                    return meaning_of_call(Call(token, args, kwargs))
                return self._name(token)
        if depth >= self._max_depth:
            raise LiteralError(f"it is nested deeper than max_depth ({self._max_depth})", self.place)
        if token == "{":  # noqa: S105
            return self._braces(depth + 1)
        if token in _CLOSING:
            return self._sequence(token, depth + 1)
        raise LiteralError(f"it has a {token!r} where a value should be", self.place - 1)

    def _next(self) -> tuple[str, str]:
        found = _TOKEN.match(self._text, self.place)
        if found is None or found.lastgroup is None:
            raise self._unreadable()
        self.place = found.end()
        return found.lastgroup, found.group(found.lastgroup)

    def _unreadable(self) -> LiteralError:
        place = self._skip_space()
        rest = self._text[place : place + 1]
        if not rest:
            return LiteralError("it is cut off", place, at_end=True)
        if rest in "\"'":
            return LiteralError("it holds a text without end", place + 1, at_end=self._text.find("\n", place) < 0)
        return LiteralError(f"it has {rest!r} where a value should be", place)

    def _skip_space(self) -> int:
        found = _SPACE.match(self._text, self.place)
        return found.end() if found else self.place

    def _accept(self, mark: str) -> bool:
        place = self._skip_space()
        if self._text.startswith(mark, place):
            self.place = place + 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._accept(mark):
            error = self._unreadable()
            raise LiteralError(f"it lacks a {mark!r}", error.place, at_end=error.at_end)

    def _string(self, token: str) -> str:
        """One literal, or several that pprint wrote on lines of their own."""
        place = self.place
        if "b" in token[: token.index(token[-1])].lower():
            parts = [bytes_of(token)]
            while (found := _TOKEN.match(self._text, self.place)) and found.group("string") and self._wrapped(found):
                parts.append(bytes_of(found.group("string")))
                self.place = found.end()
            if None in parts:
                raise LiteralError("its bytes hold characters", place)
            return b64encode(b"".join(part for part in parts if part)).decode()
        texts = [text_of(token)]
        while (found := _TOKEN.match(self._text, self.place)) and found.group("string") and self._wrapped(found):
            texts.append(text_of(found.group("string")))
            self.place = found.end()
        return "".join(texts)

    def _wrapped(self, found: re.Match[str]) -> bool:
        return "\n" in self._text[self.place : found.start("string")]

    def _number(self, token: str) -> object:
        if len(token) > _DIGITS:
            raise LiteralError("it holds a number without end", self.place)
        try:
            return int(token)
        except ValueError:
            return float(token)

    def _name(self, token: str) -> object:
        known, value = meaning_of_name(token)
        if not known:
            raise LiteralError(f"it holds the name {token[:50]!r}", self.place)
        return value

    def _sequence(self, opening: str, depth: int) -> list[object]:
        closing = _CLOSING[opening]
        items: list[object] = []
        while not self._accept(closing):
            items.append(self.value(depth))
            if not self._accept(","):
                self._expect(closing)
                break
        return items

    def _braces(self, depth: int) -> object:
        """A dict, or a set as a list."""
        members: dict[str, object] = {}
        items: list[object] = []
        while not self._accept("}"):
            key = self.value(depth)
            if not items and (members or not self._at_end_of_item()):
                self._expect(":")
                members[key if isinstance(key, str) else str(key)] = self.value(depth)
            else:
                items.append(key)
            if not self._accept(","):
                self._expect("}")
                break
        return items or members

    def _at_end_of_item(self) -> bool:
        found = _TOKEN.match(self._text, self.place)
        return found is not None and found.group("mark") in (",", "}")

    def _arguments(self, depth: int) -> tuple[list[object], dict[str, object]]:
        if depth >= self._max_depth:
            raise LiteralError(f"it is nested deeper than max_depth ({self._max_depth})", self.place)
        args: list[object] = []
        kwargs: dict[str, object] = {}
        while not self._accept(")"):
            name = self._keyword()
            if name is None:
                args.append(self.value(depth))
            else:
                kwargs[name] = self.value(depth)
            if not self._accept(","):
                self._expect(")")
                break
        return args, kwargs

    def _keyword(self) -> str | None:
        start = self.place
        found = _TOKEN.match(self._text, start)
        if found is not None and found.lastgroup == "name":
            self.place = found.end()
            if self._accept("="):
                return found.group("name")
        self.place = start
        return None
