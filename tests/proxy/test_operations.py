"""Requests are told apart as botocore builds them, and no other path passes for a known one."""

from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest

from tracehub.proxy.operations import Operation, operation_of

ARN = "arn:aws:bedrock:eu-central-1:123456789012:flow/FLOW123456"


def _requested(operation: str, **given: Any) -> tuple[str, bytes]:
    client = boto3.client(
        "bedrock-agent-runtime",
        region_name="eu-central-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    seen: list[AWSPreparedRequest] = []

    class SeenError(Exception):
        pass

    def see(request: AWSPreparedRequest, **_: object) -> None:
        seen.append(request)
        raise SeenError

    client.meta.events.register("before-send", see)
    with pytest.raises(SeenError):
        getattr(client, operation)(**given)
    client.close()
    path = seen[0].url.removeprefix("http://127.0.0.1:9").partition("?")[0]
    return str(seen[0].method), path.encode()


@pytest.mark.parametrize(
    ("operation", "given", "expected"),
    [
        (
            "invoke_agent",
            {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345", "sessionId": "a:b._-1", "inputText": "hi"},
            Operation("InvokeAgent", {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345", "sessionId": "a:b._-1"}),
        ),
        (
            "invoke_inline_agent",
            {"sessionId": "a:b", "foundationModel": "m", "instruction": "i" * 40},
            Operation("InvokeInlineAgent", {"sessionId": "a:b"}),
        ),
        (
            "invoke_flow",
            {
                "flowIdentifier": ARN,
                "flowAliasIdentifier": f"{ARN}/alias/ALIAS12345",
                "inputs": [{"content": {"document": "x"}, "nodeName": "n", "nodeOutputName": "o"}],
            },
            Operation("InvokeFlow", {"flowIdentifier": ARN, "flowAliasIdentifier": f"{ARN}/alias/ALIAS12345"}),
        ),
        (
            "get_agent_memory",
            {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345", "memoryId": "mem", "memoryType": "SESSION_SUMMARY"},
            Operation("GetAgentMemory", {"agentId": "AGENT12345", "agentAliasId": "ALIAS12345"}),
        ),
        ("create_session", {}, Operation("CreateSession", {})),
    ],
)
def test_a_request_of_botocore(operation: str, given: dict[str, Any], expected: Operation) -> None:
    assert operation_of(*_requested(operation, **given)) == expected


@pytest.mark.parametrize(
    "path",
    [
        b"/agents/A/agentAliases/B/sessions/S/text/more",
        b"/agents/A/agentAliases/B/sessions//text",
        b"/agents/A/../C/agentAliases/B/sessions/S/text",
        b"/agents/A/%2e%2e/C/agentAliases/B/sessions/S/text",
        b"//agents/A/agentAliases/B/sessions/S/text",
        b"/nothing",
        b"",
    ],
)
def test_what_could_mean_another_path_is_no_known_operation(path: bytes) -> None:
    assert operation_of("POST", path) is None


def test_the_method_counts() -> None:
    path = b"/agents/A/agentAliases/B/sessions/S/text"
    assert operation_of("POST", path) is not None
    assert operation_of("GET", path) is None
