"""Which functions a prompt offers."""

import pytest

from tests.test_corpus import CORPUS
from tracehub.bedrock.offered_tools import offered_in


def test_functions_are_named_as_calls_name_them() -> None:
    listed = "<functions> <tool_description> <tool_name>Orders::refund</tool_name> <description>x</description>"
    more = "\\n<tool_description>\\n<tool_name>Orders::find</tool_name>"
    assert offered_in(listed + more) == {"Orders__refund", "Orders__find"}


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "Do not call <tool_name>Orders::refund</tool_name>",
        "<tool_description><tool_name>GET::Orders::getOrder</tool_name>",
        "<tool_description><tool_name>AgentCommunication::sendMessage</tool_name>",
    ],
)
def test_what_is_no_function_or_goes_by_another_name_is_left_out(prompt: str) -> None:
    assert offered_in(prompt) == frozenset()


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real captures is not here")
def test_a_real_prompt_lists_its_functions() -> None:
    text = (CORPUS / "hcls-rad-20250523-a.log").read_text("utf-8")
    assert offered_in(text) == {
        "RadiologyActionGroup__run_validator",
        "RadiologyActionGroup__identify_anatomical_structures",
        "RadiologyActionGroup__download_guidance_document",
        "RadiologyActionGroup__get_radiology_report",
    }
