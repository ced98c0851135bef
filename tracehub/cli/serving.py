"""`tracehub serve`: the web UI and the API."""

import os
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import typer

from tracehub.cli.environment import read_settings
from tracehub.cli.proxying import proxy_beside
from tracehub.settings import Settings

if TYPE_CHECKING:
    from tracehub.app import App


def serve(
    host: str | None = typer.Option(None, help="Address to listen on; off loopback TRACEHUB_API_KEYS is required."),
    port: int | None = typer.Option(None, help="Port to listen on.", min=1, max=65535),
    config: str | None = typer.Option(
        None, help="Configuration file; otherwise TRACEHUB_CONFIG_FILE or tracehub.toml."
    ),
    collect: bool | None = typer.Option(
        None, "--collect/--no-collect", help="Whether to read the declared sources too; TRACEHUB_COLLECT, else yes."
    ),
    proxy: bool | None = typer.Option(
        None, "--proxy/--no-proxy", help="Whether to run the proxy too; TRACEHUB_PROXY, else no."
    ),
) -> None:
    """Serve the web UI and the API, and collect from the declared sources, until interrupted."""
    run_server(read_settings(host=host, port=port, config_file=config, collect=collect, proxy=proxy))


def run_server(settings: Settings) -> None:
    """Opens the database and serves; returns when told to stop and all that was taken in is stored."""
    from tracehub.app import open_app
    from tracehub.app.running import adding_up, alerting, collecting, draining, exporting
    from tracehub.web.safety.binding import refuse_open_bind

    refuse_open_bind(settings)
    with (
        telemetry_of(settings),
        open_app(settings) as app,
        collecting(app) if settings.collect else nullcontext(),
        draining(app),
        adding_up(app),
        exporting(app) if settings.export else nullcontext(),
        alerting(app) if settings.alerts else nullcontext(),
        proxy_beside(settings) if settings.proxy else nullcontext(),
    ):
        serve_app(app)


def telemetry_of(settings: Settings) -> AbstractContextManager[None]:
    """tracehub's own spans and metrics, where a setting or the standard variables ask for them."""
    named = any(os.environ.get(f"OTEL_EXPORTER_OTLP_{signal}ENDPOINT") for signal in ("", "TRACES_", "METRICS_"))
    disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
    if disabled or not (settings.telemetry or named):
        return nullcontext()
    from tracehub.telemetry.sdk import switched_on

    return switched_on()


def serve_app(app: "App") -> None:
    """Serves an opened app at the address its settings name, and prints that address once it answers."""
    import uvicorn

    from tracehub.app import web_of
    from tracehub.cli.listening import Server
    from tracehub.web.build import end_streams

    address = address_of(app.settings)

    def started(_: int) -> None:
        app.announce(address)
        typer.echo(f"tracehub is at {address}  (Ctrl+C stops it)")

    web = web_of(app)
    config = uvicorn.Config(
        web,
        host=app.settings.host,
        port=app.settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=32 * 1024,
    )
    Server(config, started, lambda: end_streams(web)).run()


def address_of(settings: Settings) -> str:
    """The URL at which a browser finds the server."""
    from tracehub.cli.listening import reached

    return f"http://{reached(settings.host)}:{settings.port}"
