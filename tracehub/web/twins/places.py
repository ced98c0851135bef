"""Sources and quarantined pieces for machines: the same lists as the API's."""

import csv
import io

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from tracehub.errors import NotFoundError
from tracehub.web.api.quarantine import list_quarantine
from tracehub.web.api.sources import list_sources
from tracehub.web.dependencies import Parts, Reading
from tracehub.web.twins.values import escaped, harmless

router = APIRouter(include_in_schema=False)
_TYPES = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8; header=present",
    "md": "text/markdown; charset=utf-8",
}


@router.get("/sources.{ending}")
def sources(ending: str, request: Request, parts: Parts, connection: Reading) -> Response:
    """Every source."""
    return written(list_sources(parts, connection), ending, "Sources")


@router.get("/quarantine.{ending}")
def quarantine(ending: str, request: Request, parts: Parts, connection: Reading) -> Response:
    """One page of what is quarantined, the latest first."""
    return written(list_quarantine(request, parts, connection), ending, "Quarantine")


def written(listed: Response, ending: str, title: str) -> Response:
    """A list of the API in another form; NotFoundError where there is no such form."""
    if ending == "json":
        return listed
    if ending not in _TYPES:
        raise NotFoundError(f"there is no form .{ending[:20]}: .json, .ndjson, .csv and .md are known")
    items = [_flat(item) for item in orjson.loads(bytes(listed.body))["items"]]
    names = list(dict.fromkeys(name for item in items for name in item))
    if ending == "ndjson":
        body = b"".join(orjson.dumps(item) + b"\n" for item in items)
    elif ending == "csv":
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(names)
        writer.writerows([harmless(item.get(name)) for name in names] for item in items)
        body = out.getvalue().encode()
    else:
        lines = ["| " + " | ".join(names) + " |", "|" + "|".join(" --- " for _ in names) + "|"] if names else []
        lines += ["| " + " | ".join(escaped(str(item.get(name) or "—")) for name in names) + " |" for item in items]
        body = "\n".join([f"# {title}", "", *lines, ""]).encode()
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'"}
    return Response(body, media_type=_TYPES[ending], headers=headers)


def _flat(item: dict[str, object]) -> dict[str, str | int | float | None]:
    """The values that are one word; lists and objects as JSON."""
    return {
        name: value if value is None or isinstance(value, str | int | float) else orjson.dumps(value).decode()
        for name, value in item.items()
    }
