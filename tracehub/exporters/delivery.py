"""Gets the pieces of a request delivered: halved where they are too large, sorted out where one of them is poison."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from tracehub.exporters.cutting import Piece, bare, halves, size_of
from tracehub.exporters.outcome import Outcome, Poison, TooLarge


class Result(msgspec.Struct, frozen=True):
    """What finally became of some pieces, which were one request; `requests` is how many were sent since the last
    result."""

    pieces: tuple[Piece, ...]
    outcome: Outcome
    requests: int


def deliver(
    pieces: Sequence[Piece],
    post: Callable[[Sequence[Piece]], Outcome],
    *,
    choose: Callable[[tuple[Piece, ...]], tuple[Piece, ...]],
    shrink: Callable[[int], None],
) -> Iterator[Result]:
    """Sends the pieces, and smaller parts of them as long as that can help, in their order.

    Each result is to be written down before the next is asked for. Poison comes only with the pieces of one trace,
    whose other pieces are not sent any more; TooLarge only with one span that has lost its content already. After an
    outcome that concerns all (RetryLater, Refused, Misconfigured, Broken) the caller asks for no more. `choose` tells
    right before each request which of its pieces are still to be sent; `shrink` hears how many bytes were too many.
    """
    waiting = [tuple(pieces)]
    poisoned: set[str] = set()
    requests = 0
    while waiting:
        sent = choose(tuple(piece for piece in waiting.pop() if piece.trace_id not in poisoned))
        if not sent:
            continue
        outcome = post(sent)
        requests += 1
        smaller: list[tuple[Piece, ...]] = []
        if isinstance(outcome, TooLarge):
            shrink(size_of(sent))
            smaller = _smaller(sent)
        elif isinstance(outcome, Poison):
            smaller = _apart(sent)
            if not smaller:
                poisoned.add(sent[0].trace_id)
        if smaller:
            waiting.extend(reversed(smaller))
            continue
        yield Result(sent, outcome, requests)
        requests = 0


def _smaller(pieces: tuple[Piece, ...]) -> list[tuple[Piece, ...]]:
    """The pieces in two, one of one span without its content, or nothing where nothing is left to be taken away."""
    if len(pieces) > 1:
        middle = _middle(pieces)
        return [pieces[:middle], pieces[middle:]]
    [piece] = pieces
    cut = halves(piece)
    if cut is not None:
        return [(half,) for half in cut]
    return [] if piece.stripped else [(bare(piece),)]


def _middle(pieces: tuple[Piece, ...]) -> int:
    half, size = size_of(pieces) / 2, 0
    for place, piece in enumerate(pieces[:-1]):
        size += len(piece.encoded)
        if size >= half:
            return place + 1
    return len(pieces) - 1


def _apart(pieces: tuple[Piece, ...]) -> list[tuple[Piece, ...]]:
    """One half of the traces and the other; nothing where it is one."""
    trace_ids = list(dict.fromkeys(piece.trace_id for piece in pieces))
    if len(trace_ids) < 2:
        return []
    first = set(trace_ids[: len(trace_ids) // 2])
    return [
        tuple(piece for piece in pieces if piece.trace_id in first),
        tuple(piece for piece in pieces if piece.trace_id not in first),
    ]
