"""The servers that the pages of pages.py are on, each started when it is first asked for."""

import json
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from tests.browser.pages import View

Opener = Callable[[Path], AbstractContextManager[str]]


class Sites:
    """Servers by name; all end with the block."""

    def __init__(self, folder: Path, openers: Mapping[str, Opener]) -> None:
        self._folder = folder
        self._openers = openers
        self._addresses: dict[str, str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def address(self, site: str) -> str:
        """Where this site is served, from now on."""
        if site not in self._addresses:
            folder = self._folder / site
            folder.mkdir()
            self._addresses[site] = self._stack.enter_context(self._openers[site](folder))
        return self._addresses[site]

    def url(self, view: View) -> str:
        """The whole address of a page."""
        address = self.address(view.site)
        return address + (view.path.format_map(places(address)) if "{" in view.path else view.path)


@cache
def places(address: str) -> dict[str, str]:
    """Paths worth looking at: a session of each outcome, a step of each kind and a failed one, the next page."""
    found: dict[str, str] = {}
    for trace in _items(address, "traces"):
        session = f"/sessions/{quote(trace['session_id'], safe='')}"
        found.setdefault(f"session_{trace['outcome']}", session)
        found.setdefault(f"session_{trace['outcome']}_id", quote(trace["session_id"], safe=""))
        for span in _read(f"{address}/api/v1/traces/{trace['trace_id']}")["spans"][1:]:
            step = f"{session}?step={trace['trace_id']}.{span['span_id']}"
            found.setdefault("step_failed" if span["error"] else f"step_{span['kind']}", step)
    with urllib.request.urlopen(f"{address}/sessions", timeout=30) as answer:
        _, second, rest = answer.read().decode().partition('rel="next" href="')
    if second:
        found["second_page"] = rest.partition('"')[0].replace("&amp;", "&")
    return found


def _items(address: str, kind: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = _read(f"{address}/api/v1/{kind}?limit=200")["items"]
    return items


def _read(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)
