"""What people can have done with destinations: tried, sent again, sent for the first time."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from tracehub.outbound import Outbound
from tracehub.web.export.exports import Exports

if TYPE_CHECKING:
    from tracehub.app import App
    from tracehub.model.export_rows import Tried
    from tracehub.pipeline.exporting import Parts


def parts_of(app: App, outbound: Outbound) -> Parts:
    """What senders are made of, in this process."""
    from tracehub.app import clock
    from tracehub.pipeline.exporting import Parts

    return Parts(
        database=app.database,
        knowledge=app.knowledge,
        outbound=outbound,
        clock=clock,
        seconds=time.monotonic,
        random=random.random,
        environment=os.environ,
        unseal=lambda sealed, place: app.sealer().open(sealed, place),
        lease_seconds=app.settings.lease_seconds,
    )


def exports_of(app: App) -> Exports:
    """For the pages, the API and the commands."""
    from tracehub.pipeline.resending import backfill, resend_matching

    database = app.database
    return Exports(
        try_out=partial(_try_out, app),
        resend=partial(_resend, app),
        resend_matching=lambda name, filter: resend_matching(database, name, filter, tell=_nobody),
        backfill=lambda name, filter: backfill(database, name, filter, tell=_nobody),
    )


def _try_out(app: App, name: str) -> Tried:
    from tracehub.pipeline.export_trial import try_out
    from tracehub.store import destinations

    with app.database.reading() as connection:
        row = destinations.one(connection, name)
    outbound = Outbound(app.settings.allowed_networks)
    try:
        return try_out(row, parts_of(app, outbound), random=os.urandom)
    finally:
        outbound.close()


def _resend(app: App, name: str, trace_ids: Iterable[str]) -> int:
    from tracehub.pipeline.resending import resend

    with app.database.writing() as connection:
        return resend(connection, name, trace_ids)


def _nobody(done: int) -> None:
    """Nobody waits to be told how many are done."""
