"""The headers of a destination as they are sent: secrets come from the environment, from files or from under seal."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tracehub.errors import PermanentError
from tracehub.model.destination import SEALED, Destination, Signal, sendable, usual_headers

_ENVIRONMENT, _FILE = "env:", "file:"
_MOST = 64 * 1024


def place_of(destination: str, header: str) -> str:
    """Where a sealed value of a header belongs, for `Sealer`."""
    return f"destination/{destination}/{header.lower()}"


def check_entered(destination: Destination) -> None:
    """PermanentError where a declaration that was entered in the UI reads this machine's environment or files.

    Only who writes the configuration file may do that: else whoever may enter a destination could have the secrets of
    this machine sent to it.
    """
    for name, value in destination.headers.items():
        if value.startswith((_ENVIRONMENT, _FILE)):
            msg = f"the header {name} may only be read from {value.partition(':')[0]}: in the configuration file"
            raise PermanentError(msg)


def headers_of(
    destination: Destination,
    signal: Signal,
    *,
    declared_in: str,
    secrets: Mapping[str, bytes],
    unseal: Callable[[bytes, str], str],
    environment: Mapping[str, str],
) -> dict[str, str]:
    """What is sent with every request. PermanentError, naming the header and never its value, where one is missing."""
    if declared_in != "file":
        check_entered(destination)
    found = usual_headers(destination, signal)
    for name, value in destination.headers.items():
        told = _told(destination.name, name, value, secrets, unseal, environment)
        if not told or not sendable(told):
            msg = f"the header {name} of the destination {destination.name!r} has a value that cannot be sent"
            raise PermanentError(msg)
        found[name] = told
    return found


def _told(
    destination: str,
    name: str,
    value: str,
    secrets: Mapping[str, bytes],
    unseal: Callable[[bytes, str], str],
    environment: Mapping[str, str],
) -> str:
    if value.startswith(_ENVIRONMENT):
        variable = value.removeprefix(_ENVIRONMENT)
        if not (found := environment.get(variable, "").strip()):
            msg = f"the header {name} of the destination {destination!r} needs the environment variable {variable}"
            raise PermanentError(msg)
        return found
    if value.startswith(_FILE):
        return _read(destination, name, Path(value.removeprefix(_FILE)))
    if value == SEALED:
        sealed = secrets.get(name.lower())
        if sealed is None:
            msg = f"the header {name} of the destination {destination!r} has no value: enter it anew"
            raise PermanentError(msg)
        return unseal(sealed, place_of(destination, name))
    return value


def _read(destination: str, name: str, file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(_MOST).decode().strip()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        msg = f"the header {name} of the destination {destination!r} cannot be read from {file}: {reason}"
        raise PermanentError(msg) from error
