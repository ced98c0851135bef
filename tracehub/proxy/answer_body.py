"""The body of AWS's answer, piece by piece as it comes."""

import aiohttp


class BrokenAnswerError(Exception):
    """AWS's answer broke off: the caller's connection is cut as AWS's was."""


class AnswerBody:
    """All that came before the answer broke off is given before that is told."""

    def __init__(self, content: aiohttp.StreamReader) -> None:
        self._content = content
        self._broken: BrokenAnswerError | None = None

    async def next(self) -> bytes:
        """What came, empty at the end; BrokenAnswerError where the answer breaks off. Cancelled, it loses nothing."""
        if self._broken is not None:
            raise self._broken
        try:
            return await self._content.readany()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            broken = BrokenAnswerError(f"AWS broke its answer off: {type(error).__name__}")
            # Once it knows of an error, aiohttp's reader gives nothing more of what it holds.
            rest = self._content._read_nowait(-1)
            if not rest:
                raise broken from error
            self._broken = broken
            return rest
