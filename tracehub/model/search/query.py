"""Reads what a person typed into the search field.

    refund status          both words, anywhere in a trace
    "out of stock"         one after the other
    -"no idea"             not in the trace
    refund*                words that begin so
    tool_output:A-10422    only in that field

A word of several parts, such as refund_order, is its parts one after the other.
"""

import re
from enum import StrEnum

import msgspec

from tracehub.errors import PermanentError
from tracehub.model.search.tokens import asked

MOST_TEXT = 500
MOST_TERMS = 20
MOST_TOKENS = 64


class Field(StrEnum):
    """Which of a trace's texts. The rest are the names of tools and guardrail findings, and notes."""

    QUESTION = "question"
    ANSWER = "answer"
    RATIONALE = "rationale"
    TOOL_INPUT = "tool_input"
    TOOL_OUTPUT = "tool_output"
    REFERENCE = "reference"
    ERROR = "error"
    CODE = "code"
    QUERY = "query"
    OTHER = "other"


class Term(msgspec.Struct, frozen=True):
    """Tokens that must (or, `negated`, must not) stand one after the other in one text; `field` None is any.

    With `prefix` the last token is only a beginning.
    """

    tokens: tuple[str, ...]
    field: Field | None = None
    prefix: bool = False
    negated: bool = False


class Query(msgspec.Struct, frozen=True):
    """What a trace must hold: every term that is not negated, and none that is. At least one is not."""

    terms: tuple[Term, ...]

    @property
    def wanted(self) -> tuple[Term, ...]:
        """The terms that must be found."""
        return tuple(term for term in self.terms if not term.negated)

    @property
    def unwanted(self) -> tuple[Term, ...]:
        """The terms that must not be found."""
        return tuple(term for term in self.terms if term.negated)


class QuerySyntaxError(PermanentError):
    """The query cannot be understood; the message says why, to a person."""


FIELDS: dict[str, Field | None] = {
    **{field.value: field for field in Field if field is not Field.OTHER},
    "input": Field.TOOL_INPUT,
    "output": Field.TOOL_OUTPUT,
    "any": None,
}
_QUOTES = str.maketrans("“”„‟«»＂", '"' * 7)
# --force is a word, and an address is no field.
_TERM = re.compile(
    r"(?P<minus>-(?!-))?(?:(?P<field>[A-Za-z_]+):(?!//))?"
    r'(?:"(?P<phrase>[^"]*)"(?P<star>\*)?|(?P<open>")|(?P<word>[^\s"]+))?'
)
_SPACE = re.compile(r"\s*")


def parse_query(text: str) -> Query:
    """The query that `text` says; QuerySyntaxError where it says none. What holds no letter or digit is passed over."""
    if len(text) > MOST_TEXT:
        raise QuerySyntaxError(f"at most {MOST_TEXT} characters")
    text = text.translate(_QUOTES)
    terms: dict[Term, None] = {}
    place = _after_space(text, 0)
    while place < len(text):
        found = _TERM.match(text, place)
        assert found is not None
        if (term := _term(found)) is not None:
            terms[term] = None
        place = _after_space(text, found.end())
    if len(terms) > MOST_TERMS:
        raise QuerySyntaxError(f"at most {MOST_TERMS} words and phrases")
    if not terms:
        raise QuerySyntaxError("there is no letter or digit in it")
    if all(term.negated for term in terms):
        raise QuerySyntaxError("it only says what must be absent; add a word that must be there")
    return Query(tuple(terms))


def _term(found: re.Match[str]) -> Term | None:
    if found["open"]:
        raise QuerySyntaxError('a quotation mark " is not closed')
    field = _field(found["field"]) if found["field"] else None
    said = found["phrase"] if found["phrase"] is not None else found["word"] or ""
    words, is_open = asked(said)
    if not words:
        if found["field"]:
            raise QuerySyntaxError(f"{found['field']}: needs a word right after the colon")
        return None
    if len(words) > MOST_TOKENS:
        raise QuerySyntaxError(f"a phrase has at most {MOST_TOKENS} words")
    starred = found["star"] is not None or (found["word"] is not None and said.endswith("*"))
    return Term(words, field, is_open or starred, found["minus"] is not None)


def _field(name: str) -> Field | None:
    try:
        return FIELDS[name.lower()]
    except KeyError:
        known = ", ".join(FIELDS)
        msg = f'there is no field {name[:40]}; fields are {known}; to look for the text, write it as "{name[:40]}:…"'
        raise QuerySyntaxError(msg) from None


def _after_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    assert found is not None
    return found.end()
