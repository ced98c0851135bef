"""Prompts and completions as people read them, and what ingestion takes from them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracehub.bedrock.questions import question
from tracehub.bedrock.reasoning import reasoning
from tracehub.bedrock.reprompts import silent_reprompt
from tracehub.foundation.completions import cache_tokens, completion, stop_reason
from tracehub.foundation.message_parts import Message, MessagePart
from tracehub.foundation.prompts import messages

CONTENT_NULLS = (
    "reasoningText=null, reasoningRedactedContent=null, reasoningTextSignature=null, id=null, name=null, input=null, "
    "toolUseId=null, content=null, isError=null, guardContent=null, imageSource=null"
)


def prompt_of(*turns: tuple[str, str], system: str = "You are an agent") -> str:
    written = [{"content": content, "role": role} for role, content in turns]
    return json.dumps({"system": system, "messages": written}, separators=(",", ":"))


def model_inputs(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        found = value.get("modelInvocationInput")
        if isinstance(found, dict) and isinstance(found.get("text"), str):
            yield found["text"]
        for member in value.values():
            yield from model_inputs(member)
    elif isinstance(value, list):
        for member in value:
            yield from model_inputs(member)


def prompts_in(capture: Path) -> list[str]:
    return list(model_inputs(json.loads(capture.read_text())))


def test_java_blocks_of_anthropic_become_parts() -> None:
    prompt = prompt_of(
        ("user", "[{text=How many, {of} a=b?, type=text}]"),
        (
            "assistant",
            "[{text=<thinking>Look it up</thinking>, type=text}, "
            "{input={to=Analyst, content=Count, please}, name=ag__fn, id=toolu_1, type=tool_use}]",
        ),
        (
            "user",
            f"[{{tool_use_id=toolu_1, type=tool_result, content=[Content{{type=text, source=null, text=22, "
            f"{CONTENT_NULLS}}}]}}]",
        ),
    )
    assert messages(prompt) == (
        Message("system", (MessagePart("text", "You are an agent"),)),
        Message("user", (MessagePart("text", "How many, {of} a=b?"),)),
        Message(
            "assistant",
            (
                MessagePart("reasoning", "Look it up"),
                MessagePart("tool_use", "{to=Analyst, content=Count, please}", "ag__fn", "toolu_1"),
            ),
        ),
        Message("user", (MessagePart("tool_result", "22", id="toolu_1"),)),
    )


def test_java_blocks_of_converse_become_parts() -> None:
    prompt = prompt_of(
        ("assistant", "[{}, {toolUse={input={n1=10, n2=50}, name=primes}}]"),
        (
            "user",
            f"[{{toolResult={{toolUseId=tooluse_1, content=[Content{{type=text, source=null, text=[2,3], "
            f"{CONTENT_NULLS}}}], status=error}}}}]",
        ),
        system="",
    )
    assert messages(prompt) == (
        Message("assistant", (MessagePart("tool_use", "{n1=10, n2=50}", "primes"),)),
        Message("user", (MessagePart("tool_result", "[error] [2,3]", id="tooluse_1"),)),
    )


def test_a_java_block_of_unknown_form_is_shown_whole() -> None:
    odd = "{input={a=1}, kind=new, name=x=y}"
    assert messages(prompt_of(("assistant", f"[{odd}]"), system="")) == (
        Message("assistant", (MessagePart("text", odd),)),
    )


def test_converse_json_becomes_parts() -> None:
    prompt = json.dumps(
        {
            "messages": [
                {"role": "user", "content": [{"text": "Hi"}, {"image": {"format": "png", "source": {}}}]},
                {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t", "name": "fn", "input": {"a": 1}}}]},
                {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [{"text": "ok"}]}}]},
            ],
            "toolConfig": {"tools": []},
        }
    )
    assert messages(prompt) == (
        Message(None, (MessagePart("json", '{"tools":[]}', "toolConfig"),)),
        Message("user", (MessagePart("text", "Hi"), MessagePart("image", "[image: png]"))),
        Message("assistant", (MessagePart("tool_use", '{"a":1}', "fn", "t"),)),
        Message("user", (MessagePart("tool_result", "ok", id="t"),)),
    )


def test_turns_of_a_text_prompt_become_messages() -> None:
    prompt = "Be kind.\n\nHuman: The user input is <question>Why?</question>\n\nAssistant: <thinking>Hm"
    assert messages(prompt) == (
        Message("system", (MessagePart("text", "Be kind."),)),
        Message("user", (MessagePart("text", "The user input is <question>Why?</question>"),)),
        Message("assistant", (MessagePart("reasoning", "Hm"),)),
    )


def test_no_prompt_has_no_messages() -> None:
    assert messages(None) == messages("") == ()


@given(st.text(min_size=1))
def test_a_prompt_of_unknown_form_keeps_every_character(text: str) -> None:
    shown = "".join(part.text for message in messages(text) for part in message.parts)
    assert "".join(shown.split()) == "".join(text.split())


@given(st.text(alphabet="[]{}=, \\\"'abtexypinoul_sr<>/:\n"))
def test_any_content_is_read_without_losing_its_letters(content: str) -> None:
    messages("{" + content)
    completion(content)
    silent_reprompt(content)
    question("\n\nHuman:" + content)
    question(prompt_of(("user", "[{text=" + content)))
    (message,) = messages(prompt_of(("user", "[{text=" + content + "Z}]"), system=""))
    if "}, {" not in content:
        assert message == Message("user", (MessagePart("text", content + "Z"),))


def test_nesting_without_end_is_shown_whole() -> None:
    deep = '{"messages":' + "[" * 100_000
    assert messages(deep) == (Message(None, (MessagePart("text", deep),)),)


@pytest.mark.parametrize("depth", [100, 300, 600, 900])
def test_deep_nesting_in_a_message_does_not_fail(depth: int) -> None:
    content = "[" * depth + "]" * depth
    assert messages(f'{{"messages":[{{"role":"user","content":{content}}}]}}')
    assert completion(f'{{"content":{content}}}') is not None


@pytest.mark.parametrize("depth", [200, 400, 800])
def test_a_long_hostile_prompt_takes_linear_time(depth: int) -> None:
    for piece in ("}, {text=", "<thinking>", "<function_calls><invoke>", "Content{type=", "\n\nHuman:", "\\"):
        messages(prompt_of(("assistant", "[{text=" + piece * depth * 100)))
        messages(piece * depth * 100)


@pytest.mark.parametrize(
    ("raw", "parts"),
    [
        (None, ()),
        ("", ()),
        (
            "<thinking>Look</thinking>\n\n<function_calls>\n<invoke>\n<tool_name>Ag::fn</tool_name>\n"
            "<parameters>\n<id>9</id>\n</parameters>\n</invoke>",
            (MessagePart("reasoning", "Look"), MessagePart("tool_use", "<id>9</id>", "Ag::fn")),
        ),
        (
            "(2) nothing more.\n</thinking>\n<answer>18</answer>",
            (MessagePart("reasoning", "(2) nothing more."), MessagePart("text", "<answer>18</answer>")),
        ),
        (
            '{"content":[{"type":"text","text":"Hi","id":null},'
            '{"type":"tool_use","name":"fn","id":"t","input":{"a":1},"text":null}],"stop_reason":"tool_use"}',
            (MessagePart("text", "Hi"), MessagePart("tool_use", '{"a":1}', "fn", "t")),
        ),
        (
            '{"output":{"message":{"role":"assistant","content":[{"text":null,"reasoningContent":'
            '{"reasoningText":{"text":"Hm","signature":null},"redactedContent":null}},{"text":"Hi","toolUse":null}]}}}',
            (MessagePart("reasoning", "Hm"), MessagePart("text", "Hi")),
        ),
        ('{"outcome":3}', (MessagePart("json", '{"outcome":3}'),)),
        ("{not json", (MessagePart("text", "{not json"),)),
    ],
)
def test_a_completion_becomes_parts(raw: str | None, parts: tuple[MessagePart, ...]) -> None:
    assert completion(raw) == parts


def test_why_the_model_stopped_is_its_own_word() -> None:
    assert stop_reason('{"stop_reason":"tool_use"}') == "tool_use"
    assert stop_reason('{"stopReason":"end_turn"}') == "end_turn"
    assert stop_reason("plain text that says stop") is None
    assert stop_reason(None) is None


def test_cached_tokens_are_none_where_unreported() -> None:
    assert cache_tokens('{"usage":{"cache_read_input_tokens":7,"cache_creation_input_tokens":0}}') == (7, 0)
    assert cache_tokens('{"usage":{"cacheReadInputTokens":7,"cacheWriteInputTokens":null}}') == (7, None)
    assert cache_tokens('{"usage":{"input_tokens":3}}') == (None, None)
    assert cache_tokens(None) == (None, None)


def test_reasoning_is_read_or_said_to_be_redacted() -> None:
    assert reasoning({"reasoningContent": {"reasoningText": {"text": "Because", "signature": "s"}}}) == "Because"
    assert reasoning({"reasoningContent": {"redactedContent": "AAEC"}}) == "[redacted by the model]"
    assert reasoning({"reasoningContent": {"reasoningText": {}}}) is None
    assert reasoning({}) is None


@pytest.mark.parametrize(
    ("prompt", "asked"),
    [
        (None, None),
        ("", None),
        ("You are a classifying agent.", None),
        ("Rules\n\nHuman: The user input is <question>Why?</question>\n\n\n\nAssistant: <scratchpad>", "Why?"),
        ("Rules\n\nHuman: The user's input is <input>Tell me</input>\n\nPlease think.\n\nAssistant:", "Tell me"),
        ("Rules\n\nHuman: Why?\n\nAssistant:", "Why?"),
        (prompt_of(("user", "Human: What are cars?")), "What are cars?"),
        (prompt_of(("user", "First?"), ("assistant", "Yes"), ("user", "Second?")), "Second?"),
        (prompt_of(("user", 'Say "{\\"content\\":\\"x\\"}"')), 'Say "{\\"content\\":\\"x\\"}"'),
        (prompt_of(("user", "Why?"), ("assistant", "call"), ("user", " <function_results> x")), "Why?"),
        (prompt_of(("user", "Why?"), ("user", "[{tool_use_id=t, type=tool_result, content=22}]")), "Why?"),
        (
            prompt_of(("user", "[{text=Why? Please take a deep breath and categorize the input provided, type=text}]")),
            "Why?",
        ),
        (prompt_of(("user", "A list.<last_user_request>\n Find 3 \n</last_user_request> Notes")), "Find 3"),
        ('{"messages":[{"role":"user","content":[{"text":"{\\"text\\":\\"Dinner?\\"}"}]}]}', "Dinner?"),
        ('{"messages":[{"role":"user","content":[{"text":"You are a waiter. ' + "Rule. " * 200 + 'Dinner?"}]}]}', None),
        ('{"system":"s","messages":[{"content":"A\\ B?","role":"user"}]}', "A\\ B?"),
        ('{"system":"s","messages":[{"content":"cut', None),
    ],
)
def test_the_question_is_the_users_last(prompt: str | None, asked: str | None) -> None:
    assert question(prompt) == asked


@pytest.mark.parametrize(
    ("capture", "asked"),
    [
        ("abs-01-function-def.events.json", "how many days does employee 9 have?"),
        ("abs-05-kb-and-ag-2024.events.json", "I want to delete the booking 665f7ca5"),
        ("abs-test-agent-steps.events.json", "How do I exchange the camera of my laptop?"),
        ("abs-text2sql-2024-02.events.json", "What was Babe Ruth's salary in 1930?"),
        ("abw-preprocessing-2024-04.events.json", "Tell me about claim-857"),
        ("hcls-rad-20250516-a.events.json", "Can you validate the radiology report for patient id 1489?"),
        ("lca-inline-runnable.events.json", "What are cars?"),
        ("oi-js-code-interpreter.json", "Write programe for (a+b)**3?"),
        ("oi-py-preprocessing_trace.json", "What is best time to visit the Taj Mahal?"),
        ("oi-py-routing_classifier_with_reasoning.json", "Find all prime numbers between 10 and 50"),
    ],
)
def test_every_step_of_a_real_call_has_one_question(corpus_dir: Path, capture: str, asked: str) -> None:
    assert {question(prompt) for prompt in prompts_in(corpus_dir / capture)} == {asked}


def test_a_silent_reprompt_stands_at_the_end_of_the_next_prompt(corpus_dir: Path) -> None:
    found = [silent_reprompt(prompt) for prompt in prompts_in(corpus_dir / "oi-js-multi-agent.json")]
    said = [text[:44] if text else None for text in found]
    error = "406: The function call format is incorrect. "
    assert said == [None, None, None, error, error, error, error, None, None, None, None]


def test_a_tools_result_is_no_reprompt(corpus_dir: Path) -> None:
    captures = [path for path in sorted(corpus_dir.glob("*.json")) if path.name != "oi-js-multi-agent.json"]
    assert [text for path in captures for prompt in prompts_in(path) if (text := silent_reprompt(prompt))] == []


@pytest.mark.parametrize(
    "content",
    [
        "[{tool_use_id=t, type=tool_result, content=No such tool, is_error=true}]",
        f"[{{toolResult={{toolUseId=t, content=[Content{{type=text, source=null, text=No such tool, "
        f"{CONTENT_NULLS}}}], status=error}}}}]",
    ],
)
def test_a_failed_result_written_by_java_is_a_reprompt(content: str) -> None:
    prompt = prompt_of(("user", content), ("assistant", "[{text=Thought: <thinking> (1)}]"))
    assert silent_reprompt(prompt) == "No such tool"
    assert silent_reprompt(prompt_of(("user", content), ("user", "Next?"))) is None


def test_a_failed_result_of_converse_is_a_reprompt() -> None:
    results = '[{"toolResult":{"toolUseId":"t","content":[{"text":"No \\"such\\" tool"}],"status":"error"}}]'
    assert silent_reprompt('{"messages":[{"role":"user","content":' + results + "}]}") == 'No "such" tool'
