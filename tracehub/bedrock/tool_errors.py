"""Concludes from a tool's output that it failed, where nothing reported it."""

from collections.abc import Iterator
from typing import cast

import msgspec

from tracehub.bedrock.error_rules import ErrorRule, compiled, load_rules
from tracehub.members import Json, mapping
from tracehub.model.span import ErrorSource, SpanError

__all__ = ["ErrorRule", "infer_error", "load_rules"]

_LONGEST_JSON = 256 * 1024
_LONGEST_EXCERPT = 500
_JOINS = {"_", "-"}
_BLANKS = " \t\r\n\"'`"
_SAYS_NOTHING = {"", "none", "null", "false", "0", "no", "no error", "n/a", "{}", "[]"}
_EXPLAINS = ("message", "errorMessage", "error_message", "error", "detail", "reason", "description")
_DECODER = msgspec.json.Decoder()


def infer_error(output: str | None, rules: tuple[ErrorRule, ...]) -> SpanError | None:
    """The error that the first matching rule sees in a tool's output, or None.

    The error's text is at most 500 characters of the output. JSON is looked into at its top, under `response` and
    `body`, and in the responses that Lambda functions give Bedrock; a list only if it has a single member.
    """
    if not output:
        return None
    text = output.lstrip()
    objects: tuple[Json, ...] = ()
    if text[:1] in ("{", "[", '"') and len(text) < _LONGEST_JSON:
        document = _parsed(text)
        if isinstance(document, str):
            text = document
            document = _parsed(text) if text[:1] in ("{", "[") else None
        objects = tuple(_objects(document))
    plain = text.lstrip(_BLANKS)
    for rule in rules:
        if rule.keys and not objects:
            continue
        said = _in_objects(rule, objects) if rule.keys else _in_text(rule, plain)
        if said is not None:
            return SpanError(source=ErrorSource.INFERRED, type=rule.name, text=said[:_LONGEST_EXCERPT].strip() or None)
    return None


def _parsed(text: str) -> object:
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None


def _objects(document: object) -> Iterator[Json]:
    if isinstance(document, list) and len(document) == 1:
        document = document[0]
    if not isinstance(document, dict):
        return
    outer = cast("Json", document)
    yield outer
    for name in ("response", "body"):
        if inner := _object(outer.get(name)):
            yield inner
    yield from _lambda_answer(mapping(outer, "response") or outer)


def _lambda_answer(response: Json) -> Iterator[Json]:
    """What a Lambda function answers Bedrock: `functionResponse`, and the bodies by content type."""
    function = mapping(response, "functionResponse")
    if function:
        yield function
    bodies = mapping(function or response, "responseBody")
    for content in bodies.values():
        if isinstance(content, dict) and (body := _object(content.get("body"))):
            yield body


def _object(value: object) -> Json | None:
    if isinstance(value, str) and value.lstrip()[:1] == "{":
        value = _parsed(value)
    return cast("Json", value) if isinstance(value, dict) else None


def _in_text(rule: ErrorRule, text: str) -> str | None:
    if rule.pattern:
        return text[:_LONGEST_EXCERPT] if compiled(rule.pattern).match(text, 0, rule.max_length) else None
    if not text.startswith(rule.prefixes) or not _begins(text, rule.prefixes):
        return None
    unless = tuple(other.lower() for other in rule.unless)
    return None if _begins(text[:100].lower(), unless) else text[:_LONGEST_EXCERPT]


def _begins(text: str, prefixes: tuple[str, ...]) -> bool:
    """Whether one of `prefixes` stands at the start as a whole word: `Errorless` and `Error-free` are other words."""
    for prefix in prefixes:
        if text.startswith(prefix):
            following = text[len(prefix) : len(prefix) + 1]
            if not (prefix[-1].isalnum() and (following.isalnum() or following in _JOINS)):
                return True
    return False


def _in_objects(rule: ErrorRule, objects: tuple[Json, ...]) -> str | None:
    for found in objects:
        for key in rule.keys:
            if key in found and _matches(rule, found[key]):
                return _excerpt(rule, found, key)
    return None


def _matches(rule: ErrorRule, value: object) -> bool:
    match rule.kind:
        case "json_key":
            return _says_something(value)
        case "json_number_at_least":
            number = _number(value)
            return number is not None and number >= (rule.at_least or 0) and (rule.below is None or number < rule.below)
        case "json_false":
            return value is False or (isinstance(value, str) and value.lower() == "false")
        case "json_equals":
            return any(type(value) is type(wanted) and value == wanted for wanted in rule.values)
        case "text_prefix" | "regex":
            return False


def _says_something(value: object) -> bool:
    # A fraction under "error" is a measure ("error": 0.03), not a message.
    if isinstance(value, str):
        return value.strip().lower() not in _SAYS_NOTHING
    return bool(value) and not isinstance(value, float)


def _number(value: object) -> float | None:
    if isinstance(value, str) and len(value) <= 20 and value.isascii() and value.strip().isdigit():
        return float(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _excerpt(rule: ErrorRule, found: Json, key: str) -> str:
    """The value where it is a text; else its explanation, or the explanation beside it, or the pair itself."""
    value = found[key]
    if isinstance(value, str) and rule.kind == "json_key":
        return value
    inside = cast("Json", value) if isinstance(value, dict) else {}
    for holder in (inside, found):
        for name in _EXPLAINS:
            if isinstance(words := holder.get(name), str) and words and name != key:
                return words
    return f"{key}: {msgspec.json.encode(value).decode()[:_LONGEST_EXCERPT]}"
