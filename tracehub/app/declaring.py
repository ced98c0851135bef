"""Makes what came from configuration files what these declare now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tracehub.app import App, clock
from tracehub.configuration import Configuration, read_configuration
from tracehub.model.channel import secrets_of, stands_elsewhere
from tracehub.store import alert_channels, destinations, sources

if TYPE_CHECKING:
    from tracehub.settings import Settings

DEFAULT_CONFIG = Path("tracehub.toml")
_FILE = "file"


def configuration_of(settings: Settings) -> Configuration | None:
    """What the configuration file declares; None where none is named and the usual one is not there."""
    file = settings.config_file or (DEFAULT_CONFIG if DEFAULT_CONFIG.is_file() else None)
    return read_configuration(file) if file else None


def declare_sources(app: App) -> None:
    """The sources of the file; nothing changes where there is no file."""
    if (declared := configuration_of(app.settings)) is None:
        return
    with app.database.writing() as connection:
        for source in declared.sources:
            sources.declare(connection, source, declared_in=_FILE, now=clock())
        for name in set(sources.names(connection, declared_in=_FILE)) - {each.name for each in declared.sources}:
            sources.remove(connection, name)


def declare_destinations(app: App) -> None:
    """The destinations of the file; nothing changes where there is no file."""
    if (declared := configuration_of(app.settings)) is None:
        return
    with app.database.writing() as connection:
        for destination in declared.destinations:
            destinations.declare(connection, destination, declared_in=_FILE, now=clock())
        kept = {each.name for each in declared.destinations}
        for name in set(destinations.names(connection, declared_in=_FILE)) - kept:
            destinations.remove(connection, name)


def declare_channels(app: App) -> None:
    """The channels of the file; nothing changes where there is no file."""
    if (declared := configuration_of(app.settings)) is None:
        return
    written = [value for channel in declared.channels for value in secrets_of(channel).values()]
    # Secrets that stand in the file itself do not stand in the database too.
    sealer = None if all(map(stands_elsewhere, written)) else app.sealer()
    with app.database.writing() as connection:
        for channel in declared.channels:
            alert_channels.declare(connection, channel, declared_in=_FILE, now=clock(), sealer=sealer)
        kept = {each.name for each in declared.channels}
        for name in set(alert_channels.names(connection, declared_in=_FILE)) - kept:
            alert_channels.remove(connection, name)


def declare_rules(app: App) -> None:
    """The alert rules of the files that the settings and the configuration file name; nothing where none is named."""
    from tracehub.alerting.declared import declare
    from tracehub.alerting.rule_files import read_all

    declared = configuration_of(app.settings)
    files = (*app.settings.rules_file, *(declared.rules_files if declared else ()))
    if not files:
        return
    rules = read_all(files)
    with app.database.writing() as connection:
        declare(connection, rules, now=clock())
