"""What a CloudWatch Logs subscription delivers: `{"messageType": "DATA_MESSAGE", "logEvents": […]}` (envelope 12)."""

from tracehub.members import Json, mappings, text


def is_subscription_payload(body: Json) -> bool:
    """Whether `body` is a batch of log events, or the message by which CloudWatch tests the subscription."""
    return body.get("messageType") in ("DATA_MESSAGE", "CONTROL_MESSAGE") and isinstance(body.get("logEvents"), list)


def log_of(body: Json) -> str:
    """The logged messages, each on lines of its own, as one event may have been logged over several messages."""
    if body["messageType"] == "CONTROL_MESSAGE":
        return ""
    return "\n".join((text(event, "message") or "").rstrip("\n") for event in mappings(body, "logEvents"))
