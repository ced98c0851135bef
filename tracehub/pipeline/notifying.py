"""Delivers notifications: each channel in a thread of its own, so that a slow one holds up no other."""

import threading
import traceback
from collections.abc import Callable

import structlog
from msgspec.structs import replace
from sqlalchemy.exc import DBAPIError

from tracehub.alerting.channels.delivered import RetryLaterError
from tracehub.alerting.delivery import MissingSecretError, Terms, deliver
from tracehub.alerting.notifying import look_again
from tracehub.errors import NotFoundError, PermanentError, TracehubError
from tracehub.model.channel import Channel, ChannelRow
from tracehub.model.notification import Notification, Sending
from tracehub.sealing import Sealer
from tracehub.store import alert_channels, alert_groups, alert_notifications, alert_silences
from tracehub.store.database import Database
from tracehub.telemetry.measures import NOTIFICATIONS

_log = structlog.get_logger(__name__)

TICK_SECONDS = 1.0
_SECOND = 1_000_000
# Longer than any delivery takes: who has not said by then how it went is held to be gone.
_CLAIM_US = 180 * _SECOND
_RENEW_US = 30 * _SECOND
_LOOK_US = 60 * _SECOND
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 600.0
_CHANNELS_AT_ONCE = 8
_KEPT_US = 90 * 86_400 * _SECOND
_PRUNE_US = 3600 * _SECOND


class Notifying:
    """Puts in the queue what is due and delivers it, in threads; processes on one database share the work.

    `random` gives numbers from 0 up to 1.
    """

    def __init__(
        self,
        database: Database,
        sealer: Callable[[], Sealer],
        terms: Terms,
        random: Callable[[], float],
        *,
        tick_seconds: float = TICK_SECONDS,
    ) -> None:
        self._database = database
        self._sealer = sealer
        self._terms = terms
        self._random = random
        self._tick_seconds = tick_seconds
        self._looked_at = 0
        self._pruned_at = 0
        self._sending: dict[str, threading.Thread] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tracehub-notifying", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether it still looks for what is due."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Ends after what is being delivered, if that ends in time; what is cut off is delivered again later."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(seconds)
        for sending in self._sending.values():
            sending.join(seconds / len(self._sending))

    def once(self) -> int:
        """Does what is due now, and waits for it; how many deliveries were tried."""
        self._look()
        claimed = self._claimed(())
        for notification, until in claimed:
            self._deliver(notification, until)
        return len(claimed)

    def _run(self) -> None:
        while not self._stop.wait(self._tick_seconds):
            try:
                self._look()
                self._send()
            except (DBAPIError, TracehubError) as error:
                _log.warning("notifying has to wait", error=str(error))
            except Exception:  # the outermost loop: later alerts must be told all the same
                _log.exception("notifying failed")

    def _send(self) -> None:
        self._sending = {name: sending for name, sending in self._sending.items() if sending.is_alive()}
        by_channel: dict[str, list[tuple[Notification, int]]] = {}
        for each in self._claimed(tuple(self._sending)):
            by_channel.setdefault(each[0].channel, []).append(each)
        for name, found in by_channel.items():
            # A daemon: a receiver that never answers must not keep the process from ending.
            sending = threading.Thread(
                target=self._deliver_all, args=(found,), name=f"tracehub-notifying {name}", daemon=True
            )
            self._sending[name] = sending
            sending.start()

    def _look(self) -> None:
        now = self._terms.clock()
        with self._database.reading() as connection:
            flush_at = alert_groups.next_flush(connection)
        if (flush_at is not None and flush_at <= now) or now - self._looked_at >= _LOOK_US:
            with self._database.writing() as connection:
                look_again(connection, now)
            self._looked_at = now
        if now - self._pruned_at >= _PRUNE_US:
            with self._database.writing() as connection:
                alert_notifications.prune(connection, now - _KEPT_US)
                alert_silences.remove(connection, now - _KEPT_US)
            self._pruned_at = now

    def _claimed(self, busy: tuple[str, ...]) -> list[tuple[Notification, int]]:
        now, free = self._terms.clock(), _CHANNELS_AT_ONCE - len(busy)
        with self._database.reading() as connection:
            if free <= 0 or not alert_notifications.any_due(connection, now):
                return []
        until = now + _CLAIM_US
        with self._database.writing() as connection:
            found = alert_notifications.claim(connection, now, until, besides=busy, channels=free)
        return [(each, until) for each in found]

    def _deliver_all(self, found: list[tuple[Notification, int]]) -> None:
        for notification, claimed_until in found:
            try:
                if until := self._kept(notification, claimed_until):
                    self._deliver(notification, until)
            except (DBAPIError, TracehubError) as error:
                _log.warning("a notification's end could not be written", error=str(error))
            except Exception:  # the outermost loop of this thread: the next notification may go well
                _log.exception("delivering failed", channel=notification.channel)

    def _kept(self, notification: Notification, claimed_until: int) -> int | None:
        """Until when it is ours to deliver; None where it is not any more. Those before it may have taken long."""
        now = self._terms.clock()
        if not self._stop.is_set() and now < claimed_until - _CLAIM_US + _RENEW_US:
            return claimed_until
        until = now if self._stop.is_set() else now + _CLAIM_US
        with self._database.writing() as connection:
            kept = alert_notifications.keep(connection, notification, claimed_until=claimed_until, until=until)
        return until if kept and not self._stop.is_set() else None

    def _deliver(self, notification: Notification, until: int) -> None:
        name = notification.channel
        try:
            with self._database.reading() as connection:
                row = alert_channels.one(connection, name)
            give_up_at = notification.created_at + row.channel.give_up_after * _SECOND
        except NotFoundError as error:
            self._end(self._given_up(notification, str(error)), until)
            return
        try:
            said = deliver(self._opened(row), notification, self._terms)
        except MissingSecretError as error:
            self._end(self._later(notification, error, give_up_at), until)
        except PermanentError as error:
            self._end(self._given_up(notification, str(error)), until)
        except TracehubError as error:
            self._end(self._later(notification, error, give_up_at), until)
        except Exception as error:  # a library's own fault must not keep a notification from being tried again
            # What it says could hold the channel's secrets, so only where it happened is logged.
            where = traceback.format_tb(error.__traceback__)
            _log.error("delivering failed", channel=name, error=type(error).__name__, where=where)
            self._end(self._later(notification, TracehubError(f"it failed: {type(error).__name__}"), give_up_at), until)
        else:
            now = self._terms.clock()
            attempts = notification.attempts + 1
            self._end(replace(notification, state=Sending.SENT, sent_at=now, error=None, attempts=attempts), until)
            _log.info("people were told", channel=name, notification=notification.notification_id, answer=said)

    def _opened(self, row: ChannelRow) -> Channel:
        """MissingSecretError where the master secret is another: it may be put back before all is given up."""
        try:
            with self._database.reading() as connection:
                return alert_channels.opened(connection, row, self._sealer)
        except PermanentError as error:
            raise MissingSecretError(str(error)) from error

    def _later(self, notification: Notification, error: TracehubError, give_up_at: int) -> Notification:
        now, attempts = self._terms.clock(), notification.attempts + 1
        if now >= give_up_at:
            return self._given_up(notification, f"given up: {error}")
        most = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(attempts - 1, 20))
        seconds = self._random() * most
        if isinstance(error, RetryLaterError) and error.seconds is not None:
            seconds = max(seconds, error.seconds)
        next_at = min(now + int(seconds * _SECOND), give_up_at)
        _log.warning("people could not be told yet", channel=notification.channel, error=str(error), attempts=attempts)
        return replace(notification, state=Sending.RETRYING, error=str(error), attempts=attempts, next_at=next_at)

    def _given_up(self, notification: Notification, error: str) -> Notification:
        _log.error("people could not be told of an alert", channel=notification.channel, error=error)
        now, attempts = self._terms.clock(), notification.attempts + 1
        return replace(notification, state=Sending.GIVEN_UP, error=error, attempts=attempts, next_at=now)

    def _end(self, notification: Notification, until: int) -> None:
        now = self._terms.clock()
        with self._database.writing() as connection:
            written = alert_notifications.done(connection, notification, claimed_until=until)
            if written:
                alert_channels.tried(connection, notification.channel, notification.error, now=now)
        if written:
            NOTIFICATIONS.add(notification.state.value)
