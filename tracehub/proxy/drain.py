"""Reads a traced answer on after its caller has left, so that its trace is whole; within bounds."""

import asyncio

from tracehub.proxy.answer_body import AnswerBody
from tracehub.proxy.metrics import Metrics
from tracehub.proxy.terms import Terms


class Drain:
    """One answer without a caller. `allowed` tells whether it may be read at all: only so many are, at a time."""

    def __init__(self, terms: Terms, metrics: Metrics) -> None:
        self._terms = terms
        self._metrics = metrics
        self._ends = asyncio.get_running_loop().time() + terms.drain_seconds
        self._bytes = 0
        self.allowed = metrics.draining < terms.drains
        metrics.draining += 1

    async def next(self, body: AnswerBody) -> bytes | None:
        """What comes next, empty at the end; None where a bound is reached."""
        left = self._ends - asyncio.get_running_loop().time()
        if not self.allowed or left <= 0 or self._bytes > self._terms.drain_bytes:
            return None
        try:
            async with asyncio.timeout(min(left, self._terms.drain_silence_seconds)):
                data = await body.next()
        except TimeoutError:
            return None
        self._bytes += len(data)
        return data

    def end(self) -> None:
        """Makes room for another."""
        self._metrics.draining -= 1
