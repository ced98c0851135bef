"""What Amazon Data Firehose writes to its backup bucket of a record that it could not deliver."""

import binascii

from tracehub.bedrock.compression import plain_chunks
from tracehub.bedrock.found import Findings
from tracehub.members import Json


def is_failed_delivery(body: Json) -> bool:
    """Whether `body` holds a record that was not delivered."""
    return isinstance(body.get("rawData"), str) and "attemptsMade" in body


def record_of(body: Json, raw: bytes, findings: Findings) -> str:
    """The record's text, empty where it cannot be unwrapped: then it is in quarantine."""
    try:
        data = binascii.a2b_base64(str(body["rawData"]), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        findings.quarantine(f"a record that Firehose could not deliver is not base64: {error}", raw)
        return ""
    damage: list[str] = []
    plain = b"".join(plain_chunks([data], findings.limits, damage.append, most=findings.limits.max_document_bytes))
    for reason in damage:
        findings.quarantine(f"a record that Firehose could not deliver is damaged: {reason}", raw)
    return plain.decode("utf-8", "replace")
