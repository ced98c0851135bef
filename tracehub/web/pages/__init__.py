"""The pages people look at, and the files they load."""

from fastapi import APIRouter

from tracehub.web.pages import downloads, quarantine_routes, routes, sources_routes, static_files, views_routes


def routers() -> list[APIRouter]:
    """Every page, fragment, download and static file."""
    return [
        static_files.router,
        downloads.router,
        routes.router,
        views_routes.router,
        sources_routes.router,
        quarantine_routes.router,
    ]
