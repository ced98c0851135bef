"""The form that declares a source: its fields are the words of the configuration file."""

from collections.abc import Mapping
from typing import Literal

import msgspec

from tracehub.collectors.since import moment_of
from tracehub.errors import PermanentError
from tracehub.model.source import Access, CloudWatchSource, S3Source, Source, read_source, words_of
from tracehub.web.pages.toml import toml_of
from tracehub.web.pages.visible import visible

Kind = Literal["cloudwatch", "s3"]
HEADINGS: dict[Kind, str] = {"cloudwatch": "CloudWatch log groups", "s3": "S3 bucket"}
_TYPES: dict[Kind, type[Source]] = {"cloudwatch": CloudWatchSource, "s3": S3Source}
_ACCESS = {field.name for field in msgspec.structs.fields(Access)}
# Only these may begin or end with a blank that counts.
_VERBATIM = {"prefix", "stream_prefix", "filter_pattern"}
HELP = {
    "name": "What the source is called on these pages: letters, digits and _ . : / @ - with blanks inside.",
    "log_groups": "Names or ARNs of log groups, one per line.",
    "stream_prefix": "Only log streams whose names begin so.",
    "filter_pattern": "Only events that match this pattern. It loses later parts of events that a logger cut.",
    "since": "Where the first collection begins: how long ago (12h, 7d) or a time (2026-11-20T08:00:00Z).",
    "poll_seconds": "How often each log group is asked for what is new.",
    "requests_per_second": "At most so many requests, shared by all log groups of one account and region.",
    "bucket": "Name of the bucket, or the ARN of an access point.",
    "prefix": "Only objects whose keys begin so.",
    "queue_url": "Address of the SQS queue that gets the bucket's events; then new objects come sooner.",
    "list_seconds": "How often the bucket is listed; 0 for never, where the queue tells everything.",
    "readers": "How many read from the queue side by side, in all processes together.",
    "region": "Such as eu-central-1.",
    "profile": "A profile of the AWS configuration files on tracehub's machine.",
    "role_arn": "A role to assume, for logs of another account.",
    "external_id": "What the role's trust policy asks for, if it does.",
    "endpoint_url": "Another address than AWS's own: a private endpoint, or a stand-in.",
}
_FIRST_SINCE = {"s3": "Only objects last modified since: how long ago (12h, 7d) or a time (2026-11-20T08:00:00Z)."}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One word of the declaration, as it was typed. `form` is line, lines or number; `wrong` marks what to mend."""

    name: str
    help: str
    value: str
    form: str
    required: bool
    fixed: bool
    default: str
    wrong: bool


class SourceForm(msgspec.Struct, frozen=True, kw_only=True):
    """The context of source_form.html; `toml` is the same declaration for the file, None while it is none."""

    section: str = "sources"
    title: str
    kind: str
    action: str
    adding: bool
    fields: tuple[Field, ...]
    access: tuple[Field, ...]
    problem: str | None
    toml: str | None


def empty_form(kind: Kind) -> SourceForm:
    """The form for a new source."""
    return _form(kind, {}, action="/sources/new", fixed_name=None, problem=None, toml=None)


def form_of(source: Source, action: str) -> SourceForm:
    """The form with what is declared, to be changed; the name stays."""
    words = words_of(source)
    typed = {
        name: "\n".join(map(str, word)) if isinstance(word, list | tuple) else _plain(word)
        for name, word in words.items()
    }
    kind: Kind = "cloudwatch" if isinstance(source, CloudWatchSource) else "s3"
    return _form(kind, typed, action=action, fixed_name=source.name, problem=None, toml=toml_of(words))


def typed_form(
    kind: Kind, typed: Mapping[str, str], *, action: str, name: str | None, problem: str | None, source: Source | None
) -> SourceForm:
    """The form as it was filled in; `name` is fixed where a source is changed, `source` what was typed if it is one."""
    toml = toml_of(words_of(source)) if source else None
    return _form(kind, typed, action=action, fixed_name=name, problem=problem, toml=toml)


def declared(kind: Kind, typed: Mapping[str, str], now: int) -> Source:
    """The source that was typed; PermanentError says which word is wrong, and how."""
    words: dict[str, object] = {"kind": kind}
    for name in _names(kind):
        if (word := _word(kind, name, typed.get(name, ""))) is not None:
            words[name] = word
    source = read_source(words)
    if source.since is not None:
        try:
            moment_of(source.since, now)
        except PermanentError as error:
            msg = f"the declaration of the source {source.name!r} cannot be used: {error} - at `$.since`"
            raise PermanentError(msg) from error
    return source


def _form(
    kind: Kind,
    typed: Mapping[str, str],
    *,
    action: str,
    fixed_name: str | None,
    problem: str | None,
    toml: str | None,
) -> SourceForm:
    fields = [_field(kind, name, typed, fixed_name, problem) for name in _names(kind)]
    return SourceForm(
        title=f"Add {HEADINGS[kind]}" if fixed_name is None else f"Edit {visible(fixed_name)}",
        kind=kind,
        action=action,
        adding=fixed_name is None,
        fields=tuple(field for field in fields if field.name not in _ACCESS),
        access=tuple(field for field in fields if field.name in _ACCESS),
        problem=visible(problem) if problem else None,
        toml=toml,
    )


def _field(kind: Kind, name: str, typed: Mapping[str, str], fixed_name: str | None, problem: str | None) -> Field:
    described = next(field for field in msgspec.structs.fields(_TYPES[kind]) if field.name == name)
    fixed = name == "name" and fixed_name is not None
    default = described.default
    return Field(
        name=name,
        help=_FIRST_SINCE[kind] if name == "since" and kind in _FIRST_SINCE else HELP[name],
        value=fixed_name if fixed and fixed_name is not None else typed.get(name, ""),
        form=_shape(kind, name),
        required=described.required,
        fixed=fixed,
        default="" if default in (None, "", msgspec.NODEFAULT) else _plain(default),
        wrong=problem is not None and (f"`$.{name}" in problem or f"field `{name}`" in problem),
    )


def _word(kind: Kind, name: str, text: str) -> object:
    """A typed text as the file would have it; None where nothing was typed."""
    match _shape(kind, name):
        case "lines":
            return [line.strip() for line in text.splitlines() if line.strip()] or None
        case "number":
            return _number(text.strip())
        case _:
            return (text if name in _VERBATIM else text.strip()) or None


def _number(text: str) -> object:
    """What is no number stays a text, so that it is refused by its word."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text or None


def _shape(kind: Kind, name: str) -> str:
    described = msgspec.structs.fields(_TYPES[kind])
    default = next(field.default for field in described if field.name == name)
    if name == "log_groups":
        return "lines"
    return "number" if isinstance(default, int | float) else "line"


def _names(kind: Kind) -> list[str]:
    """The words of a kind: its own in their order, then how AWS is reached."""
    every = [field.name for field in msgspec.structs.fields(_TYPES[kind])]
    return [name for name in every if name not in _ACCESS] + [name for name in every if name in _ACCESS]


def _plain(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
