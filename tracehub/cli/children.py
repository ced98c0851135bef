"""Processes that belong to this one: started again when they end, and ended with it."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence

import structlog

_log = structlog.get_logger(__name__)
# Callers wait for the proxy meanwhile.
_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 2.0
# Who ran so long did start well.
_STARTED_WELL_SECONDS = 10.0


class Child:
    """`python -m tracehub` with these words. It ends by itself when the pipe to its standard input closes, be this
    process killed; `grace_seconds` are its own to end in."""

    def __init__(self, words: Sequence[str], grace_seconds: float) -> None:
        self._command = [sys.executable, "-m", "tracehub", *words]
        self._grace_seconds = grace_seconds
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._watch, name=f"tracehub-{words[0]}", daemon=True)

    def start(self) -> None:
        """Starts it, and again whenever it ends."""
        self._thread.start()

    def stop(self) -> None:
        """Lets it end, and waits for that; then it is killed."""
        self._stop.set()
        self._let_end()
        self._thread.join(self._grace_seconds + 5)
        if self._thread.is_alive() and self._process is not None:
            self._process.kill()
            self._thread.join()

    def _watch(self) -> None:
        pause = _FIRST_PAUSE / 2
        while not self._stop.is_set():
            self._process = process = subprocess.Popen(  # noqa: S603 (our own)
                # Ctrl+C is for this process alone, which then lets the other end.
                self._command,
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
            if self._stop.is_set():
                self._let_end()
            lasted = threading.Event()
            timer = threading.Timer(_STARTED_WELL_SECONDS, lasted.set)
            timer.start()
            code = process.wait()
            timer.cancel()
            if self._stop.is_set():
                return
            pause = _FIRST_PAUSE if lasted.is_set() else min(pause * 2, _LONGEST_PAUSE)
            _log.error("a process ended and is started again", command=self._command[3:], code=code, pause=pause)
            self._stop.wait(pause)

    def _let_end(self) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            process.stdin.close()


def when_parent_ends(do: Callable[[], object]) -> None:
    """Calls `do` once standard input is closed: the process that started this one wants it to end, or is gone."""

    def wait() -> None:
        # Past the buffer of sys.stdin, whose lock a daemon thread must not hold when Python ends.
        while os.read(sys.stdin.fileno(), 1):
            pass
        do()

    threading.Thread(target=wait, name="tracehub-parent", daemon=True).start()
