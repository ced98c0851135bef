"""Where in a text the terms of a query are found."""

from collections.abc import Iterable, Sequence

from tracehub.model.search.query import Field, Query, Term
from tracehub.model.search.texts import SearchedText
from tracehub.model.search.tokens import Piece, fold, pieces


def hits(text: SearchedText, query: Query) -> tuple[tuple[int, int], ...]:
    """The characters (from, to before) at which a wanted term stands, in order, none twice."""
    terms = _possible(text, query.wanted)
    if not terms:
        return ()
    cut = list(pieces(text.text))
    return tuple(_joined(sorted(place for term in terms for place in _places(cut, term))))


def _possible(text: SearchedText, terms: Iterable[Term]) -> list[Term]:
    """Those that may be in it: cutting a text and comparing all its tokens takes far longer than this."""
    of_field = [term for term in terms if term.field in (None, Field(text.field))]
    folded = fold(text.text) if of_field else ""
    return [term for term in of_field if all(token in folded for token in term.tokens)]


def _places(cut: Sequence[Piece], term: Term) -> Iterable[tuple[int, int]]:
    *first, last = term.tokens
    length = len(first)
    for place in range(len(cut) - length):
        final = cut[place + length]
        if final.token != last and not (term.prefix and final.token.startswith(last)):
            continue
        if all(cut[place + number].token == token for number, token in enumerate(first)):
            alone = len(last) == 1 and not last.isascii() and final.end - final.start == 2
            yield cut[place].start, final.end - 1 if alone and final.token != last else final.end


def _joined(places: Iterable[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """Places that touch or overlap as one."""
    held: tuple[int, int] | None = None
    for start, end in places:
        if held and start <= held[1]:
            held = (held[0], max(held[1], end))
            continue
        if held:
            yield held
        held = (start, end)
    if held:
        yield held
