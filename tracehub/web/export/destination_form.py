"""The form that declares a destination. Values of headers go in and never come out again."""

import re
from collections.abc import Mapping

import msgspec

from tracehub.exporters.headers import check_entered
from tracehub.model.destination import SEALED, Destination, read_destination, words_of
from tracehub.model.span import Outcome
from tracehub.web.pages.form_fields import Field, Mistakes, Part, Typed, first, options_of
from tracehub.web.pages.visible import one_line, visible

PRESETS = {"otlp": "Any OTLP back end", "datadog": "Datadog", "datadog-agent": "Datadog Agent"}
_PRESET_WORDS: dict[str, dict[str, list[str]]] = {
    "otlp": {},
    "datadog": {
        "name": ["datadog"],
        "endpoint": ["https://otlp.datadoghq.com"],
        "dialect": ["datadog"],
        "headers": ["dd-api-key: "],
    },
    "datadog-agent": {"name": ["datadog agent"], "endpoint": ["http://localhost:4318"], "dialect": ["datadog"]},
}
# What stands in the field of a header whose value is kept.
KEPT = "••••••"
_HELP = {
    "name": "What the destination is called on these pages.",
    "endpoint": "The base address; /v1/traces and /v1/metrics are added.",
    "dialect": "genai: OpenTelemetry's own names. openinference adds Arize's. datadog: LLM Observability's rules.",
    "headers": "One a line, such as dd-api-key: … Their values are kept sealed and never shown again.",
    "signals": "What is sent there.",
    "content": "Prompts, answers, arguments and results: off, truncated, or full.",
    "content_chars": "Characters of each text, where content is truncated.",
    "filter.agents": "Only these agents (ids or names), with commas between them.",
    "filter.aliases": "Only these aliases (ids).",
    "filter.outcomes": "Only traces that ended so; all where none is ticked.",
    "sampling.share": "Which share of the traces, from 0 to 1. Whole traces, the same everywhere.",
    "sampling.errors": "Whether all traces with errors are sent, whatever the share.",
    "sampling.slower_than_seconds": "All traces that took longer than this are sent, too.",
    "service_name": "service.name; otherwise bedrock-agent/ and the agent's name.",
    "environment": "deployment.environment.name, such as prod.",
    "resource_attributes": "One a line: team: payments",
    "traces_endpoint": "The whole address for traces, where it is not endpoint/v1/traces.",
    "metrics_endpoint": "The whole address for metrics.",
    "profile": "The names of the GenAI conventions: 1.41, or the newer draft.",
    "protocol": "grpc needs tracehub[grpc] on the server.",
    "compression": "Of the requests.",
    "timeout_seconds": "How long an answer is waited for.",
    "hold_minutes": "How long incomplete traces are held.",
    "max_age_hours": "Older traces are not sent; 17.5 for Datadog.",
    "retry_hours": "What was not taken for so long is given up.",
}
_NUMBERS = frozenset(
    {
        "content_chars",
        "sampling.share",
        "sampling.slower_than_seconds",
        "timeout_seconds",
        "hold_minutes",
        "max_age_hours",
        "retry_hours",
    }
)
_LISTS = frozenset({"filter.agents", "filter.aliases"})
_LINES = frozenset({"headers", "resource_attributes"})
_CHOICES = {
    "dialect": ("genai", "openinference", "datadog"),
    "content": ("off", "truncated", "full"),
    "profile": ("1.41", "genai-dev"),
    "protocol": ("http/protobuf", "grpc"),
    "compression": ("gzip", "none"),
    "sampling.errors": ("yes", "no"),
}
_PARTS = (
    ("Where traces go", False, ("name", "endpoint", "dialect", "headers", "signals")),
    ("What is sent", False, ("content", "content_chars", "filter.agents", "filter.aliases", "filter.outcomes")),
    ("Which share", True, ("sampling.share", "sampling.errors", "sampling.slower_than_seconds")),
    ("How it is called there", True, ("service_name", "environment", "resource_attributes")),
    (
        "Rarely needed",
        True,
        (
            "traces_endpoint",
            "metrics_endpoint",
            "profile",
            "protocol",
            "compression",
            "timeout_seconds",
            "hold_minutes",
            "max_age_hours",
            "retry_hours",
        ),
    ),
)
_USUAL = msgspec.to_builtins(Destination(name="x", endpoint="http://x"))
_WRONG = re.compile(r"`\$\.([\w.]+)|field `(\w+)`")
_SPEAKS_OF = ("traces_endpoint", "metrics_endpoint", "endpoint", "header")


class DestinationForm(msgspec.Struct, frozen=True, kw_only=True):
    """The context of destination_form.html."""

    section: str = "destinations"
    title: str
    action: str
    adding: bool
    parts: tuple[Part, ...]
    problems: tuple[str, ...]


def preset(name: str) -> Typed:
    """What the form of a preset begins with."""
    return _PRESET_WORDS.get(name, {})


def destination_form(
    typed: Typed, *, action: str, declared: Destination | None = None, problem: str | None = None
) -> DestinationForm:
    """The form as it was filled in; `declared` is the destination that is changed, whose name and secrets stay."""
    wrong = Mistakes([(_about(problem), problem)] if problem else [], _HELP)
    return DestinationForm(
        title="New destination" if declared is None else f"Edit {one_line(declared.name, 100)}",
        action=action,
        adding=declared is None,
        parts=tuple(
            Part(
                heading=heading,
                folded=folded,
                fields=tuple(_field(name, typed, wrong.of.get(name, ""), declared) for name in names),
            )
            for heading, folded, names in _PARTS
        ),
        problems=wrong.others,
    )


def typed_of(destination: Destination) -> dict[str, list[str]]:
    """A declared destination as it would be typed, without its secrets."""
    words = words_of(destination)
    flat: dict[str, object] = {}
    for name, value in words.items():
        if name in ("filter", "sampling") and isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": each for inner, each in value.items()}
        else:
            flat[name] = value
    found = {name: _typed(name, value) for name, value in flat.items() if name in _HELP}
    found["signals"] = [name for name in ("traces", "metrics") if getattr(destination, name)]
    return found


def destination_in(typed: Typed, declared: Destination | None) -> tuple[Destination, dict[str, str]]:
    """The destination that was typed, and the values of headers to be sealed, by the header; headers that were kept are
    SEALED. PermanentError says what is wrong."""
    words: dict[str, object] = {}
    for name in _HELP:
        value = _word(name, typed)
        if value is None:
            continue
        outer, _, inner = name.partition(".")
        if inner:
            words.setdefault(outer, {})[inner] = value  # type: ignore[index]
        elif name != "signals":
            words[name] = value
    if declared is not None:
        words["name"] = declared.name
    signals = typed.get("signals", ())
    words |= {"traces": "traces" in signals, "metrics": "metrics" in signals}
    destination = read_destination(words)
    check_entered(destination)
    secrets = {name: value for name, value in destination.headers.items() if value != SEALED}
    sealed = dict.fromkeys(destination.headers, SEALED)
    return msgspec.structs.replace(destination, headers=sealed), secrets


def _word(name: str, typed: Typed) -> object:
    text = first(typed, name).strip()
    if name == "filter.outcomes":
        return list(typed.get(name, ())) or None
    if name in _LISTS:
        return [part.strip() for part in text.split(",") if part.strip()] or None
    if name in _LINES:
        lines = (line.partition(":") for line in text.splitlines() if line.strip())
        kept = {key.strip(): SEALED if value.strip() == KEPT else value.strip() for key, _, value in lines}
        return kept or None
    if name == "sampling.errors":
        return False if text == "no" else None
    if name in _NUMBERS:
        return _number(text)
    return text or None


def _number(text: str) -> object:
    """What is no number stays a text, so that it is refused by its word."""
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return text or None


def _typed(name: str, value: object) -> list[str]:
    match value:
        case Mapping():
            return ["\n".join(f"{key}: {KEPT if name == 'headers' else each}" for key, each in value.items())]
        case bool():
            return ["yes" if value else "no"]
        case list() | tuple():
            return [str(each) for each in value] if name == "filter.outcomes" else [", ".join(map(str, value))]
        case float() if value.is_integer():
            return [str(int(value))]
        case _:
            return [str(value)]


def _field(name: str, typed: Typed, wrong: str, declared: Destination | None) -> Field:
    made = Field(
        name=name,
        label=name,
        help=_HELP[name],
        form="lines" if name in _LINES else "line",
        value=visible(_without_values(first(typed, name)) if name == "headers" else first(typed, name)),
        placeholder=_placeholder(name),
        required=name in ("name", "endpoint") and declared is None,
        fixed=name == "name" and declared is not None,
        wrong=wrong,
    )
    if name == "signals":
        chosen = typed.get(name, ()) if typed.get("endpoint") and declared is not None else ("traces",)
        picked = typed.get(name) or chosen
        options = options_of([("traces", "traces"), ("metrics", "metrics")], picked)
        return msgspec.structs.replace(made, form="ticks", value="", options=options)
    if name == "filter.outcomes":
        options = options_of([(each.value, each.value) for each in Outcome], typed.get(name, ()))
        return msgspec.structs.replace(made, form="ticks", value="", options=options)
    if choices := _CHOICES.get(name):
        chosen = (first(typed, name) or choices[0],)
        options = options_of([(each, each) for each in choices], chosen)
        return msgspec.structs.replace(made, form="select", value="", options=options)
    return made


def _without_values(text: str) -> str:
    """Headers as they were typed, without what they hold; those that are kept stay marked so."""
    lines = [line.partition(":") for line in text.splitlines() if line.strip()]
    return "\n".join(f"{name}: {KEPT if value.strip() == KEPT else ''}" for name, _, value in lines)


def _placeholder(name: str) -> str:
    usual = _USUAL.get(name) if "." not in name else _USUAL[name.split(".")[0]].get(name.split(".")[1])
    return str(usual) if isinstance(usual, int | float) and not isinstance(usual, bool) else ""


def _about(problem: str) -> str:
    """The field that a message speaks of; empty where it speaks of none."""
    if found := _WRONG.search(problem):
        return found[1] or found[2]
    named = next((word for word in _SPEAKS_OF if word in problem), "")
    return "headers" if named == "header" else named
