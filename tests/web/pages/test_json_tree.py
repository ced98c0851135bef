"""JSON as a tree: exact, bounded, and never more than text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracehub.web.pages.json_tree import DEEPEST, MOST_CHILDREN, MOST_NODES, Node, json_tree


def _leaf(key: str | None, text: str) -> Node:
    return Node(key=key, text=text)


def test_objects_and_lists_are_branches_and_values_are_written_as_they_came() -> None:
    assert json_tree('{"a": [1.0, 12345678901234567890123, "x"], "b": null}') == Node(
        key=None,
        text="2 keys",
        open=True,
        children=(
            Node(
                key="a",
                text="3 items",
                open=True,
                children=(_leaf("0", "1.0"), _leaf("1", "12345678901234567890123"), _leaf("2", '"x"')),
            ),
            _leaf("b", "null"),
        ),
    )


def test_two_levels_are_open_and_the_deeper_ones_closed() -> None:
    tree = json_tree('{"a":{"b":{"c":1}}}')
    assert tree
    assert tree.children
    [first] = tree.children
    assert first.children
    assert (tree.open, first.open, first.children[0].open) == (True, True, False)


def test_a_long_level_is_cut_and_says_how_much_is_left() -> None:
    tree = json_tree(json.dumps(list(range(MOST_CHILDREN + 5))))
    assert tree
    assert tree.children
    assert (len(tree.children), tree.more, tree.text) == (MOST_CHILDREN, 5, "205 items")


@pytest.mark.parametrize(
    "text",
    ["plain", '"text"', "12", "{broken", "[" * 200_000, json.dumps([[0] * 150] * 150)],
    ids=lambda text: text[:8],
)
def test_what_is_no_tree_or_too_large_is_left_to_text(text: str) -> None:
    assert MOST_NODES < 150 * 150
    assert json_tree(text) is None


def test_what_is_very_deep_ends_in_an_ellipsis() -> None:
    depth = DEEPEST + 5
    node = json_tree("[" * depth + "]" * depth)
    for _ in range(DEEPEST):
        assert node
        assert node.children
        [node] = node.children
    assert node == _leaf("0", "…")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=20,
    )
)
def test_every_object_and_list_becomes_a_tree(value: object) -> None:
    assert (json_tree(json.dumps(value)) is not None) == isinstance(value, list | dict)
