"""The pages people look at, and the files they load."""

from fastapi import APIRouter

from tracehub.web.pages import (
    copy_routes,
    downloads,
    quarantine_routes,
    routes,
    sources_routes,
    static_files,
    views_routes,
)


def routers() -> list[APIRouter]:
    """Every page, fragment, download and static file."""
    return [
        static_files.router,
        downloads.router,
        copy_routes.router,
        routes.router,
        views_routes.router,
        sources_routes.router,
        quarantine_routes.router,
    ]
