"""`/__tracehub/…`: health, readiness and metrics. No path of AWS begins so."""

from collections.abc import Callable

from starlette.types import Send

from tracehub.proxy.answers import text
from tracehub.proxy.metrics import Metrics

PREFIX = b"/__tracehub/"
_PLAIN = b"text/plain; charset=utf-8"


class OwnPages:
    """`unready` says why no call could be served now; None where one could."""

    def __init__(self, metrics: Metrics, unready: Callable[[], str | None]) -> None:
        self._metrics = metrics
        self._unready = unready

    async def answer(self, raw_path: bytes, send: Send) -> None:
        """Answers one request."""
        match raw_path[len(PREFIX) :]:
            case b"health":
                await text(send, 200, _PLAIN, b"ok\n")
            case b"ready":
                why = self._unready()
                await text(send, 503 if why else 200, _PLAIN, f"{why or 'ready'}\n".encode())
            case b"metrics":
                await text(send, 200, b"text/plain; version=1.0.0; charset=utf-8", self._metrics.text())
            case _:
                await text(send, 404, _PLAIN, b"there is no such page\n")
