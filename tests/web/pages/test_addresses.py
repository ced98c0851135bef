"""A session's address names it again, whatever its id is made of, in characters that every server passes on."""

from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from tracehub.web.pages.addresses import named, session


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_an_address_names_its_session(session_id: str) -> None:
    path = session(session_id).removeprefix("/sessions/")
    assert _names(path) == session_id


@given(st.text(st.sampled_from("./\\~%\0a"), min_size=1))
def test_no_address_holds_what_servers_disagree_about(session_id: str) -> None:
    path = session(session_id).removeprefix("/sessions/")
    assert "/" not in path
    assert path not in (".", "..")
    assert not any(code in path.lower() for code in ("%2f", "%5c", "%00"))
    assert _names(path) == session_id


@given(st.text())
def test_any_path_names_some_session(path: str) -> None:
    assert isinstance(named(path), str)


def _names(path: str) -> str:
    """As a server reads it: decoded once."""
    return named(unquote(path))
