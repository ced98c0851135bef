"""The ids in addresses of alerts, silences and notifications."""

import re
from typing import Annotated

from fastapi import Depends

from tracehub.errors import NotFoundError

_ID = re.compile(r"[0-9a-f]{32}")


def id_in(text: str) -> str:
    """The 32 hex digits; NotFoundError where it is no id, so that nothing is there."""
    if not _ID.fullmatch(text):
        msg = f"there is nothing of the id {text[:40]!r}"
        raise NotFoundError(msg)
    return text


def _alert(alert_id: str) -> str:
    return id_in(alert_id)


def _silence(silence_id: str) -> str:
    return id_in(silence_id)


def _notification(notification_id: str) -> str:
    return id_in(notification_id)


AlertId = Annotated[str, Depends(_alert)]
SilenceId = Annotated[str, Depends(_silence)]
NotificationId = Annotated[str, Depends(_notification)]
