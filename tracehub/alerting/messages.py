"""What people read: one notification as a subject and a text."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import msgspec

from tracehub.model.alert import Alert
from tracehub.model.notification import Message
from tracehub.model.rule_amounts import duration_words

MOST_TOLD = 20
_MOST_EVIDENCE = 3
_LONGEST = 300
# What chat services take for a call to somebody, for a link whose text is another, or for a tag.
_CALLS = re.compile(r"<(?=[!@#&/a-z])|(?<![\w.])@(?=[\w*])|\](?=\()", re.IGNORECASE)
_SIGNS = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u2069\\ufeff]+")


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A message to read: plain text. `kind` is failure while something critical fires, warning, info, or success."""

    subject: str
    text: str
    kind: str


def words_of(message: Message, public_url: str | None) -> Words:
    """The subject and the text of a notification; links are left out where nobody said where tracehub is reached."""
    firing, resolved = message.firing, message.resolved
    lines = [line for alert in (*firing[:MOST_TOLD], *resolved[:MOST_TOLD]) for line in _told(alert, public_url)]
    more = max(0, len(firing) - MOST_TOLD) + max(0, len(resolved) - MOST_TOLD) + message.others
    if more:
        lines.append(f"… and {more:,} more.")
    if public_url is None:
        lines.append("(No links: TRACEHUB_PUBLIC_URL does not say where tracehub is reached.)")
    return Words(subject=_subject(message), text="\n".join(lines).strip(), kind=_kind(message))


def alert_url(alert: Alert, public_url: str) -> str:
    """Where the alert stands."""
    return f"{public_url.rstrip('/')}/alerts/{alert.alert_id}"


def sessions_url(alert: Alert, public_url: str) -> str | None:
    """The sessions behind it."""
    return f"{public_url.rstrip('/')}/sessions?{alert.sessions}" if alert.sessions else None


def harmless(text: str, longest: int = _LONGEST) -> str:
    """Text from traces on one line of bounded length, without control signs, and without calling anybody."""
    line = _SIGNS.sub(" ", text)
    line = _CALLS.sub(lambda found: found.group() + "\N{WORD JOINER}", line)
    return line if len(line) <= longest else line[: longest - 1] + "…"


def safe_runbook(address: str | None) -> str | None:
    """The runbook, where a browser opens it as a page."""
    return address if address and address.startswith(("https://", "http://")) else None


def _subject(message: Message) -> str:
    parts = []
    if message.firing:
        parts.append(f"{len(message.firing)} firing" if len(message.firing) > 1 else "Firing")
    if message.resolved:
        parts.append(f"{len(message.resolved)} resolved" if len(message.resolved) > 1 else "Resolved")
    first = (*message.firing, *message.resolved)[0]
    still = "Still " if message.again else ""
    head = f"{still}{' and '.join(parts)}" if not still else f"Still {' and '.join(parts).lower()}"
    alone = len(message.firing) + len(message.resolved) == 1
    return f"[{head}] {harmless(first.summary if alone else _name_of(message.labels, first), 160)}"


def _name_of(labels: Mapping[str, str], first: Alert) -> str:
    return ", ".join(labels.values()) or first.rule


def _told(alert: Alert, public_url: str | None) -> Sequence[str]:
    over = alert.resolved_at is not None
    lines = [f"{'RESOLVED' if over else alert.severity.upper()}: {harmless(alert.summary)}"]
    shown = {name: value for name, value in alert.labels.items() if name not in ("alertname", "severity")}
    if shown:
        lines.append("  " + ", ".join(f"{harmless(name, 60)}: {harmless(value, 120)}" for name, value in shown.items()))
    if over and alert.fired_at is not None and alert.resolved_at is not None:
        lines.append(f"  It lasted {duration_words(max(1, (alert.resolved_at - alert.fired_at) // 1_000_000))}.")
    for text in () if over else alert.evidence[:_MOST_EVIDENCE]:
        lines.append(f"  · {harmless(text)}")
    if public_url is not None:
        lines.append(f"  Alert: {alert_url(alert, public_url)}")
        if (sessions := sessions_url(alert, public_url)) and not over:
            lines.append(f"  Sessions behind it: {sessions}")
    if runbook := safe_runbook(alert.runbook):
        lines.append(f"  Runbook: {quote(runbook, safe=':/?#[]@!$&()*+,;=%~-._')}")
    lines.append("")
    return lines


def _kind(message: Message) -> str:
    if not message.firing:
        return "success"
    worst = {alert.severity.value for alert in message.firing}
    return "failure" if "critical" in worst else "warning" if "warning" in worst else "info"
