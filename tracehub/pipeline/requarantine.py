"""Tries quarantined pieces again."""

from tracehub.analytics.knowledge import Knowledge
from tracehub.bedrock.decode import decode
from tracehub.model.record import Limits, Record
from tracehub.pipeline.batch import Arrival, write_batch
from tracehub.store import quarantine
from tracehub.store.database import Database


def try_again(database: Database, knowledge: Knowledge, limits: Limits, sha256: str, *, now: int) -> bool:
    """Decodes one quarantined piece anew: True and stored where it can be read now, else it stays with the new reason.

    NotFoundError where nothing is quarantined under `sha256`. A piece that was cut to the limit is never whole again.
    """
    with database.writing() as connection:
        data = quarantine.data(connection, sha256)
        if not quarantine.is_whole(connection, sha256):
            quarantine.tried(connection, sha256, "only its beginning was kept; import it again from where it came")
            return False
        decoded = decode(Record(data=data, source=f"quarantine {sha256}", received_at=now), limits)
        if decoded.quarantined or not decoded.events:
            reason = decoded.quarantined[0].reason if decoded.quarantined else "no trace was found in it"
            quarantine.tried(connection, sha256, reason)
            return False
        write_batch(connection, [Arrival(decoded, f"quarantine {sha256}", now)], knowledge)
        quarantine.release(connection, sha256)
        return True
