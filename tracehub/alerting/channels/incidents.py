"""Makes services that page people open one incident for a group of alerts, and close that one when it is over."""

import msgspec
from apprise.plugins.opsgenie import OPSGENIE_API_LOOKUP, NotifyOpsgenie, OpsgenieAlertAction, OpsgenieRegion

from tracehub.alerting.channels.delivered import RefusedError, RetryLaterError
from tracehub.outbound import Outbound

# What a service calls the incident's name; where it must be told to close it, how.
_NAMED = {
    "firehydrant": ("dedup", "action=map"),
    "goalert": ("dedup", "action=map"),
    "goalerts": ("dedup", "action=map"),
    "ilert": ("dedup", "action=map"),
    "incidentio": ("dedup", "action=map"),
    "opsgenie": ("alias", "action=map"),
    "pagerduty": ("dedup", "action=map"),
    "signl4": ("external_id", "action=map"),
    "splunk": ("entity_id", "action=map"),
    "squadcast": ("dedup", "action=map"),
    "victorops": ("entity_id", "action=map"),
}
_LONGEST_NOTE = 1000


def naming(kind: str, url: str, group_id: str) -> str:
    """The parameters to put before those of the URL, which win: `dedup=GROUP&action=map`; empty for other services."""
    if kind not in _NAMED:
        return ""
    name, closing = _NAMED[kind]
    return f"{name}={group_id}&{closing}"


def close_at_opsgenie(service: NotifyOpsgenie, text: str, outbound: Outbound) -> str | None:
    """Closes the alert by its alias; what came back, None where the URL asks for something else.

    Apprise closes only what the same process opened. 404: there is none to close, as it never arrived or is closed.
    """
    if service.action != OpsgenieAlertAction.MAP or not service.alias:
        return None
    address = (
        f"{OPSGENIE_API_LOOKUP[service.region_name or OpsgenieRegion.US]}/{service.alias}/close?identifierType=alias"
    )
    reply = outbound.request(
        "POST",
        address,
        body=msgspec.json.encode({"source": "tracehub", "note": text[:_LONGEST_NOTE]}),
        headers={"Authorization": f"GenieKey {service.apikey}", "Content-Type": "application/json"},
        most_bytes=4096,
    )
    if 200 <= reply.status < 300 or reply.status == 404:
        return f"Opsgenie answered {reply.status}"
    msg = f"Opsgenie answered {reply.status}"
    raise (RetryLaterError if reply.status == 429 or reply.status >= 500 else RefusedError)(msg)
