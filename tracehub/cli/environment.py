"""Reads the settings for a command, and says in plain words what is wrong with them."""

from pydantic import ValidationError

from tracehub.errors import PermanentError
from tracehub.settings import Settings
from tracehub.telemetry.logs import configure_logging


def read_settings(**given: object) -> Settings:
    """The settings of the environment with `given` (not None) laid over; PermanentError names each bad one."""
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [f"TRACEHUB_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors()]
        raise PermanentError("\n  ".join(["these settings cannot be used:", *lines])) from None
    configure_logging(settings.log_level)
    return settings
