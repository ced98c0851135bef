"""The addresses of the pages of numbers, and of the same for machines."""

from collections.abc import Callable
from typing import Protocol

from fastapi import APIRouter, Request
from msgspec.structs import replace
from sqlalchemy import Connection
from starlette.datastructures import QueryParams
from starlette.responses import Response

from tracehub.web.dependencies import Parts, Reading
from tracehub.web.pages.addresses import ENDINGS, named
from tracehub.web.pages.rendering import page
from tracehub.web.reports.compare_report import compare_report
from tracehub.web.reports.cost_report import cost_report
from tracehub.web.reports.guardrails_report import guardrails_report
from tracehub.web.reports.knowledge_report import knowledge_report
from tracehub.web.reports.latency_report import latency_report
from tracehub.web.reports.report import Report, twins_of
from tracehub.web.reports.sessions_compared import sessions_compared
from tracehub.web.reports.tool_report import tool_report
from tracehub.web.reports.tools_report import tools_report
from tracehub.web.reports.written import without_table, write

router = APIRouter(include_in_schema=False)


class MakeReport(Protocol):
    """Makes a report of what a query string asks for."""

    def __call__(self, connection: Connection, query: QueryParams, *, now: int) -> Report:
        """The report; BadQueryError where the query cannot be understood."""


_REPORTS: dict[str, MakeReport] = {
    "tools": tools_report,
    "latency": latency_report,
    "cost": cost_report,
    "knowledge-bases": knowledge_report,
    "guardrails": guardrails_report,
    "compare": compare_report,
    "compare/sessions": sessions_compared,
}


def _answer(make: Callable[[QueryParams], Report], query: QueryParams, ending: str) -> Response:
    if not ending:
        report = make(query)
        return page("report.html", replace(report, twins=twins_of(report, query)))
    wanted, table = without_table(query)
    return write(make(wanted), ending, table)


def _serve(name: str, make: MakeReport, ending: str) -> None:
    def serve(request: Request, connection: Reading, parts: Parts) -> Response:
        return _answer(lambda query: make(connection, query, now=parts.clock()), request.query_params, ending)

    router.add_api_route(f"/{name}{ending}", serve, methods=["GET"])


for _name, _make in _REPORTS.items():
    for _ending in ("", *ENDINGS):
        _serve(_name, _make, _ending)


@router.get("/tools/{name:path}")
def tool(name: str, request: Request, connection: Reading, parts: Parts) -> Response:
    """One tool; its twins end like all others', and no tool is named so."""
    ending = next((ending for ending in ENDINGS if name.endswith(ending)), "")
    wanted = named(name.removesuffix(ending))
    return _answer(
        lambda query: tool_report(connection, wanted, query, now=parts.clock()), request.query_params, ending
    )
