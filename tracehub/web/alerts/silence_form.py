"""The form that declares a silence or a maintenance window."""

from collections.abc import Callable, Mapping

import msgspec
from msgspec.structs import replace

from tracehub.alerting.silencing import check, read_matcher, zone_of
from tracehub.errors import PermanentError
from tracehub.model.alert import Alert
from tracehub.model.silence import Matcher, Silence, Weekly
from tracehub.web.alerts import places
from tracehub.web.alerts.moments_typed import minutes_in, moment_in
from tracehub.web.alerts.muting import TIMES, matchers_of, written
from tracehub.web.pages.form_fields import Field, Mistakes, Part, Typed, first, options_of
from tracehub.web.pages.visible import visible
from tracehub.web.reports.report import Tab

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HELP = {
    "matchers": "One a line: tool=book_room, agent!=TEST, tool=~book_*, severity=~warning|info. All must match.",
    "author": "Whom to ask about it.",
    "comment": "Why nobody needs to be told.",
    "for": "How long.",
    "begins": "From when: 2026-11-20 08:00 in UTC, or 2h for in two hours; from now on where empty.",
    "ends": "Instead of for how long: 2026-11-20 08:00 in UTC. A maintenance window may have no end.",
    "weekdays": "Only on these days: a maintenance window. None ticked: always.",
    "from": "On these days from this time of day: 22:00.",
    "until": "Until this time of day; the next day where it is earlier.",
    "zone": "Whose clock: UTC, Europe/Berlin, …",
}
_FIELDS = tuple(_HELP)


class SilenceForm(msgspec.Struct, frozen=True, kw_only=True):
    """The context of alert_silence_form.html."""

    section: str = "alerts"
    title: str = "New silence"
    tabs: tuple[Tab, ...]
    parts: tuple[Part, ...]
    problems: tuple[str, ...]


class SilenceError(PermanentError):
    """A silence cannot be declared so; `field` is what to mend, empty where it is the whole."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def silence_form(typed: Typed, error: SilenceError | None = None) -> SilenceForm:
    """The form as it was filled in."""
    wrong = Mistakes([(error.field, str(error))] if error else [], _FIELDS)
    return SilenceForm(tabs=places.tabs(places.SILENCES), parts=_parts(typed, wrong.of), problems=wrong.others)


def typed_for(alert: Alert | None) -> dict[str, list[str]]:
    """What stands in the form at first: the labels of the alert that it was asked for."""
    lines = [written(matcher) for matcher in matchers_of(alert)] if alert else []
    return {"matchers": ["\n".join(line.replace("\n", " ") for line in lines)], "for": ["4h"]}


def silence_in(typed: Typed, *, silence_id: str, now: int) -> Silence:
    """The silence that was typed; SilenceError says which field is wrong, and how."""
    begins = _read("begins", typed, lambda text: moment_in(text, now), now)
    weekly = _weekly(typed)
    silence = Silence(
        silence_id=silence_id,
        matchers=_matchers(first(typed, "matchers")),
        begins_at=begins,
        ends_at=_ends(typed, begins, weekly, now),
        author=first(typed, "author").strip()[:100],
        comment=first(typed, "comment").strip()[:1000],
        created_at=now,
        weekly=weekly,
    )
    try:
        check(silence)
    except PermanentError as error:
        raise SilenceError(_about(str(error)), str(error)) from error
    return silence


def _about(text: str) -> str:
    """The field that a sentence of `check` speaks of."""
    about = {"author": "author", "condition": "matchers", "end": "ends", "zone": "zone"}
    return next((field for word, field in about.items() if word in text), "")


def _ends(typed: Typed, begins: int, weekly: Weekly | None, now: int) -> int | None:
    if first(typed, "ends").strip():
        return _read("ends", typed, lambda text: moment_in(text, now), 0)
    word = first(typed, "for")
    if weekly is not None and not word:
        return None
    return begins + TIMES[word] if word in TIMES else None


def _weekly(typed: Typed) -> Weekly | None:
    days = tuple(place for place, day in enumerate(DAYS) if day in typed.get("weekdays", ()))
    if not days:
        return None
    zone = first(typed, "zone").strip() or "UTC"
    try:
        zone_of(zone)
    except PermanentError as error:
        raise SilenceError("zone", str(error)) from error
    return Weekly(
        weekdays=days, begins=_read("from", typed, minutes_in, 0), ends=_read("until", typed, minutes_in, 0), zone=zone
    )


def _matchers(text: str) -> tuple[Matcher, ...]:
    try:
        return tuple(read_matcher(line) for line in text.splitlines() if line.strip())
    except PermanentError as error:
        raise SilenceError("matchers", str(error)) from error


def _read(field: str, typed: Typed, read: Callable[[str], int], otherwise: int) -> int:
    text = first(typed, field).strip()
    if not text:
        return otherwise
    try:
        return read(text)
    except PermanentError as error:
        raise SilenceError(field, str(error)) from error


def _parts(typed: Typed, wrong: Mapping[str, str]) -> tuple[Part, ...]:
    def field(name: str, form: str = "line", label: str = "", required: bool = False) -> Field:
        return Field(
            name=name,
            label=label or name,
            help=_HELP[name],
            form=form,
            value="" if form in ("select", "ticks") else visible(first(typed, name)),
            wrong=wrong.get(name, ""),
            required=required,
        )

    times = [("", "–"), *((word, word) for word in TIMES)]
    days = options_of([(day, day) for day in DAYS], typed.get("weekdays", ()))
    return (
        Part(
            heading="Which alerts",
            fields=(field("matchers", "lines"),),
        ),
        Part(
            heading="How long",
            fields=(
                replace(field("for", "select"), options=options_of(times, typed.get("for", ()))),
                field("ends", label="until"),
                field("begins", label="from"),
            ),
        ),
        Part(
            heading="Why",
            fields=(field("author", required=True), field("comment")),
        ),
        Part(
            heading="Only at certain hours: a maintenance window",
            folded=True,
            fields=(
                replace(field("weekdays", "ticks"), options=days),
                field("from", label="from (time of day)"),
                field("until", label="until (time of day)"),
                field("zone"),
            ),
        ),
    )
