"""The form that declares a channel. Its secrets go in and never come out again."""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec.structs import replace

from tracehub.errors import PermanentError
from tracehub.model.alert import Severity
from tracehub.model.channel import (
    SEALED,
    AppriseChannel,
    Channel,
    SnsChannel,
    WebhookChannel,
    read_channel,
    stands_elsewhere,
    words_of,
)
from tracehub.web.alerts import places
from tracehub.web.pages.form_fields import Field, Mistakes, Part, Typed, first, options_of
from tracehub.web.pages.visible import one_line, visible
from tracehub.web.reports.report import Tab

Kind = Literal["apprise", "webhook", "sns"]
HEADINGS: dict[Kind, str] = {
    "webhook": "Webhook",
    "apprise": "Slack, email, PagerDuty, … (Apprise)",
    "sns": "Amazon SNS",
}
TYPES: dict[Kind, type[Channel]] = {"apprise": AppriseChannel, "webhook": WebhookChannel, "sns": SnsChannel}
# What stands in the field of a header whose value is kept.
KEPT = "••••••"
_SECRET = {"apprise": ("url",), "webhook": ("url", "secret", "former_secret"), "sns": ()}
_DELIVERY = ("least", "resolved", "group_by", "group_wait", "group_interval", "give_up_after")
_NUMBERS = {"group_wait", "group_interval", "give_up_after", "timeout_seconds"}
_HELP = {
    "name": "What the channel is called on these pages and in rules.",
    "url": "Where it is sent. Kept sealed.",
    "topic_arn": "The topic's ARN; its region is known by it.",
    "form": "tracehub's own JSON, Alertmanager's (version 4), or the text of the template.",
    "template": "The body, where the form is template.",
    "secret": "Signs each request (X-Tracehub-Signature). Kept sealed.",
    "former_secret": "Signs too, until whoever receives it knows the new one.",
    "headers": "One a line: Authorization: Bearer … Their values are kept sealed.",
    "timeout_seconds": "How long an answer is waited for.",
    "profile": "A profile of the AWS configuration files on tracehub's machine.",
    "role_arn": "A role to assume.",
    "external_id": "What the role's trust policy asks for, if it does.",
    "endpoint_url": "Another address than AWS's own: a private endpoint, or a stand-in.",
    "least": "People are told of alerts from this severity on.",
    "resolved": "Whether people are told that it is over.",
    "group_by": "Alerts with the same values of these labels share a message; with commas between them.",
    "group_wait": "Seconds that a new group waits for more of its alerts.",
    "group_interval": "Seconds that further news of a group wait.",
    "give_up_after": "After so many seconds without success it is given up, and these pages say so.",
}
_APPRISE_URL = "slack://…, mailto://…, pagerduty://…: the URL that Apprise knows the service by. Kept sealed."
_WRONG = re.compile(r"`\$\.(\w+)|field `(\w+)`")
_SPEAKS_OF = {"the url of": "url", "template": "template", "a header": "headers"}
_NAMES = ("name", *_HELP)


class ChannelForm(msgspec.Struct, frozen=True, kw_only=True):
    """The context of alert_channel_form.html; `tested` is what came back of a test, `retype` says that
    secrets were typed, which are not in the form any more."""

    section: str = "alerts"
    title: str
    tabs: tuple[Tab, ...]
    kind: str
    kinds: tuple[Tab, ...]
    action: str
    adding: bool
    parts: tuple[Part, ...]
    problems: tuple[str, ...]
    tested: str | None
    went_well: bool
    retype: bool


def _about(problem: str) -> str:
    """The field that a message speaks of; empty where it speaks of none."""
    if found := _WRONG.search(problem):
        return found[1] or found[2]
    return next((field for words, field in _SPEAKS_OF.items() if words in problem), "")


def kind_of(channel: Channel) -> Kind:
    """The kind by its word."""
    return next(kind for kind, of in TYPES.items() if isinstance(channel, of))


def channel_form(
    kind: Kind,
    typed: Typed,
    *,
    action: str,
    declared: Channel | None = None,
    problem: str | None = None,
    tested: tuple[str, bool] | None = None,
) -> ChannelForm:
    """The form as it was filled in; `declared` is the channel that is changed, whose name and secrets stay."""
    field = _about(problem) if problem else ""
    wrong = Mistakes([(field, problem)] if problem else [], _NAMES)
    return ChannelForm(
        title=f"New channel: {HEADINGS[kind]}" if declared is None else f"Edit {one_line(declared.name, 100)}",
        tabs=places.tabs(places.CHANNELS),
        kind=kind,
        kinds=tuple(Tab(text, f"{places.CHANNELS}/new?kind={word}", word == kind) for word, text in HEADINGS.items())
        if declared is None
        else (),
        action=action,
        adding=declared is None,
        parts=_parts(kind, typed, wrong.of, declared),
        problems=wrong.others,
        tested=visible(tested[0]) if tested else None,
        went_well=tested[1] if tested else False,
        retype=any(first(typed, name) for name in _SECRET[kind]),
    )


def typed_of(channel: Channel) -> dict[str, list[str]]:
    """A declared channel as it would be typed, without its secrets."""
    kind = kind_of(channel)
    found: dict[str, list[str]] = {}
    for name, value in words_of(channel).items():
        if name in _SECRET[kind]:
            continue
        if name == "headers" and isinstance(value, Mapping):
            found[name] = ["\n".join(f"{header}: {KEPT}" for header in value)]
        elif isinstance(value, list | tuple):
            found[name] = [", ".join(map(str, value))]
        elif isinstance(value, bool):
            found[name] = ["yes" if value else "no"]
        else:
            found[name] = [_plain(value)]
    return found


def channel_in(kind: Kind, typed: Typed, declared: Channel | None) -> Channel:
    """The channel that was typed; secrets that were not are those of `declared`, as SEALED. PermanentError says what is
    wrong, and where: at `$.field`."""
    words: dict[str, object] = {"kind": kind}
    for field in msgspec.structs.fields(TYPES[kind]):
        if (word := _word(kind, field.name, typed, declared)) is not None:
            words[field.name] = word
    if declared is not None:
        words["name"] = declared.name
    _refuse_places_on_the_server(words)
    if "" in _headers(first(typed, "headers")).values():
        msg = "a header has no value: what was typed is not shown again, so enter it anew - at `$.headers`"
        raise PermanentError(msg)
    if declared is not None and first(typed, "url").strip() and KEPT in first(typed, "headers"):
        msg = "another address must not get the headers of the former: enter them anew - at `$.headers`"
        raise PermanentError(msg)
    return read_channel(words)


def _word(kind: Kind, name: str, typed: Typed, declared: Channel | None) -> object:
    text = first(typed, name)
    if name in _SECRET[kind]:
        kept = declared is not None and getattr(declared, name) is not None
        forgotten = name in typed.get("forget", ())
        return text.strip() or (SEALED if kept and not forgotten else None)
    match name:
        case "headers":
            return _headers(text) or None
        case "group_by":
            return [part.strip() for part in text.split(",") if part.strip()] if name in typed else None
        case "resolved":
            return False if text == "no" else None
        case "template":
            return text or None
        case _ if name in _NUMBERS:
            return _number(text.strip())
    return text.strip() or None


def _headers(text: str) -> dict[str, str]:
    lines = [line.partition(":") for line in text.splitlines() if line.strip()]
    return {name.strip(): SEALED if value.strip() == KEPT else value.strip() for name, _, value in lines}


def _without_values(text: str) -> str:
    """Headers as they were typed, without what they hold; those that are kept stay marked so."""
    lines = [line.partition(":") for line in text.splitlines() if line.strip()]
    return "\n".join(f"{name}: {KEPT if value.strip() == KEPT else ''}" for name, _, value in lines)


def _number(text: str) -> object:
    """What is no number stays a text, so that it is refused by its word."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text or None


def _refuse_places_on_the_server(words: Mapping[str, object]) -> None:
    """Whoever fills in the form must not be able to send files and the environment of the server anywhere."""
    headers = words.get("headers")
    values = {name: str(words.get(name) or "") for name in ("url", "secret", "former_secret")}
    inside = list(headers.values()) if isinstance(headers, dict) else []
    for name, value in [*values.items(), *(("headers", str(each)) for each in inside)]:
        if value != SEALED and stands_elsewhere(value):
            msg = f"what stands in the environment or a file is named in the configuration file only - at `$.{name}`"
            raise PermanentError(msg)


def _parts(kind: Kind, typed: Typed, wrong: Mapping[str, str], declared: Channel | None) -> tuple[Part, ...]:
    fields = {field.name: field for field in msgspec.structs.fields(TYPES[kind])}
    own = [name for name in fields if name not in _DELIVERY]
    kept = [
        name for name in _SECRET[kind] if name != "url" and declared is not None and getattr(declared, name) is not None
    ]
    forget = Field(name="forget", label="forget", form="ticks", help="Secrets to be forgotten.")
    return (
        Part(
            heading="Where people are told",
            fields=(
                *(_field(kind, fields[name], typed, wrong, declared) for name in own),
                *((replace(forget, options=options_of([(name, name) for name in kept], ())),) if kept else ()),
            ),
        ),
        Part(
            heading="Of what, and how often",
            fields=tuple(_field(kind, fields[name], typed, wrong, declared) for name in _DELIVERY),
        ),
    )


def _field(
    kind: Kind, described: msgspec.structs.FieldInfo, typed: Typed, wrong: Mapping[str, str], declared: Channel | None
) -> Field:
    name = described.name
    secret = name in _SECRET[kind]
    kept = secret and declared is not None and getattr(declared, name) is not None
    made = Field(
        name=name,
        label=name,
        help=_APPRISE_URL if kind == "apprise" and name == "url" else _HELP[name],
        form="secret" if secret else "lines" if name in ("headers", "template") else "line",
        value="" if secret else visible(first(typed, name)),
        placeholder="kept; type to replace it" if kept else _usual(described.default),
        required=described.required and not kept and declared is None,
        fixed=name == "name" and declared is not None,
        wrong=wrong.get(name, ""),
    )
    if name == "headers":
        made = replace(made, value=_without_values(first(typed, name)))
    choices = _CHOICES.get(name)
    if choices is None:
        usual = ", ".join(described.default) if name == "group_by" and "group_by" not in typed else made.value
        return replace(made, value=usual)
    chosen = first(typed, name) or ("yes" if name == "resolved" else str(described.default))
    return replace(made, form="select", value="", options=options_of([(each, each) for each in choices], [chosen]))


_CHOICES = {
    "form": ("tracehub", "alertmanager", "template"),
    "least": tuple(severity.value for severity in Severity),
    "resolved": ("yes", "no"),
}


def _usual(default: object) -> str:
    return _plain(default) if isinstance(default, int | float) and not isinstance(default, bool) else ""


def _plain(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
