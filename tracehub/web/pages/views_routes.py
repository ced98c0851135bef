"""Saving and removing views of the list of sessions."""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from tracehub.store import saved_views
from tracehub.web.dependencies import Parts
from tracehub.web.pages.notices import back_to
from tracehub.web.pages.views import view_to_save

router = APIRouter(include_in_schema=False)
Word = Annotated[str, Form()]


@router.post("/views")
def save(parts: Parts, name: Word = "", query: Word = "") -> Response:
    """Saves a list under a name; one of that name is replaced."""
    view = view_to_save(name, query, parts.clock())
    with parts.writing() as connection:
        saved_views.save(connection, view, now=parts.clock())
    path = f"/sessions?{view.query}&" if view.query else "/sessions?"
    return RedirectResponse(path + back_to("", done="saved", name=view.name).removeprefix("?"), 303)


@router.post("/views/remove")
def remove(parts: Parts, name: Word = "") -> Response:
    """Removes a view."""
    with parts.writing() as connection:
        saved_views.remove(connection, name)
    return RedirectResponse(back_to("/sessions", done="removed", name=name), 303)
