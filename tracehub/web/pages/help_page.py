"""What the help page says."""

import msgspec

WORDS = (
    ("Session, turn, step", "a conversation; one question with its answer, which is one trace; one timed piece of it"),
    ("✕ Error reported", "AWS, your code or an HTTP status said that the call failed"),
    ("✕ Error inferred", "nobody said so: a rule concluded it from the output"),
    ("◆ Blocked", "a guardrail stepped in"),
    ("↩ Returned control", "the agent asked the caller to run a tool, and ended this turn"),
    ("◌ Incomplete", "the end of the turn has not been seen, or not yet"),
    ("● Running", "the last turn has not ended, and gained a step in the last two minutes"),
    ("≈", "a time that AWS did not report, concluded from the events beside it"),
    ("—", "not reported: never a zero"),
    ("no price", "tokens are known, but the model has no price; see README, “Prices”"),
    ("Unaccounted", "time of a turn that no step explains"),
    ("UTC", "every time on these pages"),
)
MACHINES = (
    (".json .ndjson .csv .md", "behind the address of any list, session or page of numbers: the same for machines"),
    ("/spans.parquet", "all spans of what the filters of the list match, with `kind` to choose; .csv and .ndjson too"),
    ("/api/v1/openapi.json", "the API, described"),
)


class HelpPage(msgspec.Struct, frozen=True, kw_only=True):
    """The context of help.html."""

    section: str = "help"
    title: str = "Help"
    words: tuple[tuple[str, str], ...] = WORDS
    machines: tuple[tuple[str, str], ...] = MACHINES
