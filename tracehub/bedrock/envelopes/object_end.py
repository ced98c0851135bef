"""Finds where a broken object ends, so that its inner parts are not taken for objects of their own."""

import re

_TOKEN = re.compile(r"\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|[\[{(]|[\]})]", re.DOTALL)
_FARTHEST = 1024 * 1024


class EndFinder:
    """Looks for the ends of objects in one text, at most a few times its length in all."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._budget = 4 * len(text) + _FARTHEST

    def end_of(self, start: int, stopped: int) -> int:
        """The place behind the bracket that closes the object at `start`.

        Where none closes it: the end of the line where reading stopped, or `stopped` where it is itself at the
        beginning of a line and so begins something new.
        """
        if self._budget <= 0:
            return stopped
        limit = min(len(self._text), start + _FARTHEST, start + self._budget)
        depth = 0
        place = start
        for found in _TOKEN.finditer(self._text, start, limit):
            place = found.end()
            mark = found.group()
            if mark in "[{(":
                depth += 1
            elif mark in "]})":
                depth -= 1
                if depth == 0:
                    break
        self._budget -= (limit if depth else place) - start
        if depth == 0 and place > stopped:
            return place
        if self._text[start:stopped].rpartition("\n")[2].strip() == "" and "\n" in self._text[start:stopped]:
            return stopped
        line_end = self._text.find("\n", stopped)
        end = len(self._text) if line_end < 0 else line_end
        self._budget -= end - start
        return end
