"""Which URLs of Apprise may be used, and where they lead."""

from urllib.parse import urlsplit

import apprise

from tracehub.alerting.channels.delivered import RefusedError

# Services at addresses of their own.
HOSTED = frozenset(
    [
        "brevo",
        "clicksend",
        "dingtalk",
        "discord",
        "feishu",
        "firehydrant",
        "flock",
        "gchat",
        "groupme",
        "ifttt",
        "ilert",
        "incidentio",
        "join",
        "lark",
        "line",
        "mailersend",
        "mailgun",
        "msg91",
        "msgbird",
        "notifiarr",
        "onesignal",
        "opsgenie",
        "pagerduty",
        "pagertree",
        "pbul",
        "plivo",
        "postmark",
        "pover",
        "prowl",
        "pushed",
        "pushy",
        "qq",
        "resend",
        "ringc",
        "ryver",
        "sendgrid",
        "ses",
        "signl4",
        "sinch",
        "slack",
        "smtp2go",
        "sns",
        "sparkpost",
        "spike",
        "splunk",
        "squadcast",
        "tgram",
        "threema",
        "twilio",
        "twist",
        "victorops",
        "vonage",
        "webex",
        "wecombot",
        "whatsapp",
        "wxteams",
        "zcliq",
        "zoom",
    ]
)
# Services at an address that the URL names, with the port they are reached at where it names none.
AT_HOST = {
    "betterstack": 443,
    "goalert": 80,
    "goalerts": 443,
    "gotify": 80,
    "gotifys": 443,
    "mailto": 587,
    "mailtos": 587,
    "matrix": 80,
    "matrixs": 443,
    "mmost": 80,
    "mmosts": 443,
    "ntfy": 80,
    "ntfys": 443,
    "rocket": 80,
    "rockets": 443,
    "signal": 80,
    "signals": 443,
    "workflow": 443,
    "workflows": 443,
    "zulip": 443,
}
_OWN_HTTP = ("json", "jsons", "xml", "xmls", "form", "forms", "http", "https")
# With these modes the URL names a topic or a token, and the service is at its own address.
_AT_HOME = ("cloud", "t2bot", "incident")


def kind_of(url: str) -> str:
    """The kind of an Apprise URL, such as `slack`; RefusedError where it is none that may be used.

    Kinds that run commands, write files or touch a desktop are not among those, nor what could be any address.
    """
    schema = url.partition(":")[0].lower()
    if schema in HOSTED or schema in AT_HOST:
        return schema
    known = ", ".join(sorted(HOSTED | AT_HOST.keys()))
    hint = " (for your own HTTP receiver use a webhook channel)" if schema in _OWN_HTTP else ""
    msg = f"{schema[:40]!r} is no kind of Apprise URL that can be used here{hint}: use one of {known}"
    raise RefusedError(msg)


def leads_to(service: apprise.NotifyBase, url: str) -> str | None:
    """The address that has to be checked before anything is sent; None where the service has one of its own."""
    schema = kind_of(url)
    if schema in HOSTED or str(getattr(service, "mode", None)) in _AT_HOME:
        return None
    host = _host_of(service, url)
    port = getattr(service, "port", None) or AT_HOST[schema]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def refuse_files(service: apprise.NotifyBase) -> None:
    """RefusedError where what is sent would come out of a file or from another address that the URL names."""
    template = getattr(service, "template", None)
    if isinstance(template, apprise.AppriseAttachment) and len(template):
        msg = "the URL names a template: tracehub writes the message, so leave `template` away"
        raise RefusedError(msg)
    if any(getattr(service, name, None) for name in ("pgp_key", "pgp_privkey", "use_wkd")):
        msg = "the URL asks for PGP, whose keys would be read from files or other addresses: leave that away"
        raise RefusedError(msg)


def _host_of(service: apprise.NotifyBase, url: str) -> str:
    """Where it connects: email may name its server apart from the address, Zulip its domain apart from the rest."""
    if (organization := getattr(service, "organization", None)) and (domain := getattr(service, "hostname", None)):
        return f"{organization}.{domain}"
    host = getattr(service, "smtp_host", None) or getattr(service, "host", None) or urlsplit(url).hostname
    if not host:
        msg = "the URL names no host"
        raise RefusedError(msg)
    return str(host)
