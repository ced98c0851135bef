"""Puts the web application together."""

import asyncio
from typing import cast

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware

from tracehub import __version__
from tracehub.web import firehose, login, problems
from tracehub.web.alert_badge import Badge, ShowsBadge
from tracehub.web.alerts import routers as alert_pages
from tracehub.web.api import (
    alerts,
    destinations,
    health,
    proxy_keys,
    quarantine,
    records,
    sessions,
    sources,
    tools,
    traces,
)
from tracehub.web.dependencies import MOST_READERS, Dependencies
from tracehub.web.export import routes as export
from tracehub.web.intake import Intake
from tracehub.web.live import routes as live
from tracehub.web.live.subscribers import Subscribers
from tracehub.web.metrics import routes as metrics
from tracehub.web.metrics.own import OwnMetrics
from tracehub.web.metrics.requests import RequestMetrics
from tracehub.web.metrics.stored import StoredMetrics
from tracehub.web.pages import routers
from tracehub.web.reports import routes as reports
from tracehub.web.safety import guarded
from tracehub.web.safety.attempts import Attempts
from tracehub.web.twins import alert_lists, places
from tracehub.web.twins import routes as twins

DESCRIPTION = """Everything tracehub keeps of agents built with Agents for Amazon Bedrock.

Times are ISO 8601 in UTC with microseconds. What was not reported is null, never 0."""


def end_streams(app: FastAPI) -> None:
    """Ends what would keep a server from stopping; called in its event loop, once it takes no more connections."""
    cast("Subscribers", app.state.subscribers).close()


def build_web(dependencies: Dependencies) -> FastAPI:
    """The pages and the API over these dependencies, behind every safety check."""
    app = FastAPI(
        title="tracehub",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        redirect_slashes=False,
    )
    app.state.dependencies = dependencies
    app.state.readers = asyncio.Semaphore(MOST_READERS)
    app.state.intake = Intake(dependencies.settings.queue_bytes)
    app.state.login_attempts = Attempts()
    app.state.subscribers = Subscribers(dependencies.reading)
    app.state.own_metrics = OwnMetrics()
    app.state.stored_metrics = StoredMetrics(dependencies.reading)
    for part in (records, sessions, traces, tools, sources, alerts, destinations, proxy_keys, quarantine):
        app.include_router(part.router, prefix="/api/v1")
    app.include_router(health.router)
    app.include_router(metrics.router)
    app.include_router(login.router)
    app.include_router(firehose.router)
    for pages in (
        twins.router,
        places.router,
        alert_lists.router,
        reports.router,
        export.router,
        live.router,
        *alert_pages(),
        *routers(),
    ):
        app.include_router(pages, include_in_schema=False)
    problems.install(app)
    app.add_middleware(ShowsBadge, badge=Badge(dependencies.reading, dependencies.clock))
    app.add_middleware(GZipMiddleware, minimum_size=1000, compresslevel=6)
    guarded(app, dependencies)
    app.add_middleware(RequestMetrics)
    return app
