"""The style sheets, the one script and the icons, under names that change with their content."""

import gzip
import hashlib
from functools import cache
from pathlib import Path

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from tracehub.errors import NotFoundError
from tracehub.resources import static_dir

# htmx and the scripts that use it are one file: deferred one after the other they race at load.
VENDORED = ("vendor/htmx-4.0.1.min.js",)
SCRIPTS = (
    "js/page.js",
    "js/renewed.js",
    "js/list.js",
    "js/copy.js",
    "js/session.js",
    "js/stream.js",
    "js/live.js",
    "js/running.js",
)
# Every page loads app.css, some a second sheet.
STYLES = {
    "app.css": ("css/page.css", "css/lists.css", "css/items.css", "css/search.css", "css/live.css", "css/badge.css"),
    "session.css": ("css/session.css", "css/views.css"),
    "charts.css": ("css/charts.css",),
    "alerts.css": ("css/charts.css", "css/alerts.css"),
}
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_FOREVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


class StaticFile(msgspec.Struct, frozen=True):
    """One file as it is served."""

    address: str
    type: str
    data: bytes
    packed: bytes


@cache
def static_files() -> dict[str, StaticFile]:
    """Every static file by its plain name, read and packed once per process."""
    folder = static_dir()
    files = {name: (folder / name).read_bytes() for name in ("icons.svg",)}
    files |= {name: _joined(folder, parts) for name, parts in STYLES.items()}
    own = b'(() => {\n"use strict";\n' + _joined(folder, SCRIPTS) + b"})();\n"
    files["app.js"] = _joined(folder, VENDORED) + own
    return {name: _file(name, data) for name, data in files.items()}


@cache
def addresses_of_static() -> dict[str, str]:
    """The address of each static file by its plain name."""
    return {name: file.address for name, file in static_files().items()}


@router.get("/static/{name}")
def static_file(name: str, request: Request) -> Response:
    """One file, by its hashed name."""
    found = _by_address().get(f"/static/{name}")
    if found is None:
        raise NotFoundError(f"there is no file {name[:100]}")
    packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
    if packed:
        headers["Content-Encoding"] = "gzip"
    return Response(found.packed if packed else found.data, media_type=found.type, headers=headers)


@router.get("/favicon.ico")
def favicon() -> Response:
    """The icon, for browsers that ask for it by its old name."""
    icon = static_files()["icons.svg"]
    return Response(icon.data, media_type=icon.type, headers={"Cache-Control": "public, max-age=86400"})


def _joined(folder: Path, names: tuple[str, ...]) -> bytes:
    return b"".join((folder / name).read_bytes().rstrip(b"\n") + b"\n" for name in names)


@cache
def _by_address() -> dict[str, StaticFile]:
    return {file.address: file for file in static_files().values()}


def _file(name: str, data: bytes) -> StaticFile:
    path = Path(name)
    digest = hashlib.sha256(data).hexdigest()[:12]
    return StaticFile(
        f"/static/{path.stem}.{digest}{path.suffix}", _TYPES[path.suffix], data, gzip.compress(data, 9, mtime=0)
    )
