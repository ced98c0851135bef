"""Evaluates alert rules while the process runs."""

import threading
from collections.abc import Callable

import structlog
from sqlalchemy.exc import DBAPIError

from tracehub.alerting.evaluator import Evaluator
from tracehub.errors import TracehubError
from tracehub.telemetry.spans import span

_log = structlog.get_logger(__name__)

EVERY_SECONDS = 5.0


class Alerting:
    """Looks every few seconds, in a thread, whether rules are due; processes on one database take turns."""

    def __init__(self, evaluator: Evaluator, clock: Callable[[], int], every_seconds: float = EVERY_SECONDS) -> None:
        self._evaluator = evaluator
        self._clock = clock
        self._every_seconds = every_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracehub-alerting", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it still evaluates."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Ends after the rules that are being evaluated, if that ends in time."""
        self._stop.set()
        self._thread.join(seconds)
        try:
            self._evaluator.close()
        except (DBAPIError, TracehubError) as error:
            _log.warning("the lease of alerting runs out by itself", error=str(error))

    def _run(self) -> None:
        while not self._stop.wait(self._every_seconds):
            try:
                with span("evaluate alert rules"):
                    done = self._evaluator.run(self._clock())
            except (DBAPIError, TracehubError) as error:
                _log.warning("alert rules have to wait", error=str(error))
                continue
            except Exception:  # the outermost loop: the next evaluation catches up
                _log.exception("alert rules could not be evaluated")
                continue
            for alert in done.changed:
                _log.info("an alert changed", rule=alert.rule, alert=alert.alert_id, state=alert.state.value)
