"""Tokens, cost and settings of a model call."""

import msgspec

from tracehub.model.span import ModelSpan
from tracehub.web.pages.amounts import count, money
from tracehub.web.pages.texts import cell
from tracehub.web.pages.visible import visible

_WIDE = 12


class Fact(msgspec.Struct, frozen=True):
    """One named value; `why` says why it is unknown, `wide` that it needs a line of its own."""

    name: str
    value: str
    why: str = ""
    wide: bool = False


def model_facts(span: ModelSpan) -> tuple[Fact, ...]:
    """What is known of the call, in reading order; tokens and cost always, the rest where reported."""
    used = span.tokens
    unreported = "the trace reports no tokens for this call"
    unpriced = "no tokens were reported" if used.input is None and used.output is None else "the model has no price"
    always = (
        Fact("Tokens in", count(used.input), "" if used.input is not None else unreported),
        Fact("Tokens out", count(used.output), "" if used.output is not None else unreported),
        Fact("Cost", money(span.cost_usd), "" if span.cost_usd is not None else unpriced),
    )
    reported = (
        ("Cache read", count(used.cache_read) if used.cache_read is not None else None),
        ("Cache write", count(used.cache_write) if used.cache_write is not None else None),
        ("Model", span.model_id),
        ("Prompt type", span.prompt_type),
        ("Stop reason", span.stop_reason),
        ("Prompt", span.prompt_creation_mode),
        ("Parser", span.parser_mode),
        ("Override Lambda", span.override_lambda),
        ("Reprompted", span.reprompt),
        ("Input valid", {True: "yes", False: "no", None: None}[span.is_valid]),
    )
    settings = tuple((visible(name), cell(value)) for name, value in span.inference.items() if value is not None)
    named = (*((name, visible(value)) for name, value in reported if value), *settings)
    return (*always, *(Fact(name, value, wide=len(value) > _WIDE) for name, value in named))
