"""The pages people look at, and the files they load."""

from fastapi import APIRouter, FastAPI

from tracehub.web.pages import downloads, routes, static_files


def routers() -> list[APIRouter]:
    """Every page, fragment, download and static file."""
    return [static_files.router, downloads.router, routes.router]


def install(app: FastAPI) -> None:
    """Adds the pages to the application."""
    for router in routers():
        app.include_router(router)
