"""Reads which traces a person wants to be sent again: ids, or a filter in the words of the lists."""

import re

from starlette.datastructures import QueryParams

from tracehub.errors import PermanentError
from tracehub.web.export.exports import Exports
from tracehub.web.filters import BadQueryError, read_filter

MOST_IDS = 1000
_ID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")


def send_again(exports: Exports, name: str, words: str, *, only_new: bool, now: int) -> int:
    """Puts in the queue what `words` name: ids of traces, or a filter such as `since=24h&agent=X`; how many.

    With `only_new` what was never sent there alone, as the destination's own filter has it. PermanentError says what
    cannot be understood.
    """
    parts = words.split()
    if parts and all(_ID.fullmatch(part) for part in parts) and not only_new:
        if len(parts) > MOST_IDS:
            msg = f"at most {MOST_IDS} ids at once: use a filter such as since=24h"
            raise PermanentError(msg)
        return exports.resend(name, [part.replace("-", "").lower() for part in parts])
    if not parts:
        msg = "say which: an id of a trace, or a filter such as since=24h or agent=ORDERHELP1&outcome=failed"
        raise PermanentError(msg)
    try:
        wanted = read_filter(QueryParams("&".join(part.lstrip("?") for part in parts)), now)
    except BadQueryError as error:
        msg = f"{error}; or write ids of traces, 32 hexadecimal digits each"
        raise PermanentError(msg) from error
    return exports.backfill(name, wanted) if only_new else exports.resend_matching(name, wanted)
