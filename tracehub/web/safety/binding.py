"""Where the server may listen."""

from ipaddress import ip_address

from tracehub.errors import PermanentError
from tracehub.settings import Settings


def refuse_open_bind(settings: Settings) -> None:
    """PermanentError where the server would answer strangers: off loopback a key is needed."""
    if not settings.api_keys and not is_loopback(settings.host):
        raise PermanentError(
            f"listening on {settings.host} lets others reach every trace: set TRACEHUB_API_KEYS "
            "(16 characters or more each, separated by commas), or listen on 127.0.0.1"
        )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
