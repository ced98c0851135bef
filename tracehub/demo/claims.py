"""The claims desk: API operations, return of control answered by the next call, confirmation, results that fail."""

from random import Random
from typing import Any

from tracehub.demo.call import Call, uuid_of
from tracehub.demo.cast import CLAIMS
from tracehub.demo.completions import java_result, tool_use_id
from tracehub.demo.moves import Tool, act, complete, conclude, perform
from tracehub.demo.run import Run

Json = dict[str, Any]
GROUP = "ClaimActions"


def play(chance: Random, session_id: str, at: int, version: str, turn: int) -> list[Call]:
    """A call that hands control back and, mostly, the call that brings the result."""
    claim = f"claim-{chance.randint(100, 999)}"
    question = f"Remind the customer of {claim} about the missing documents."
    first = Call(chance, CLAIMS, session_id, question, at)
    run = Run(first, CLAIMS, version, run_id=first.request_id, session_id=session_id)
    run.says("user", question)
    found = f'{{"claimId": "{claim}", "status": "open", "pendingDocuments": ["DriversLicense", "AccidentImages"]}}'
    act(run, f"I read {claim} first.", [Tool(GROUP, "/claims/{claimId}", {"claimId": claim}, found, verb="GET")])
    return_id = uuid_of(chance)
    reminder = Tool(
        GROUP,
        "/reminders",
        {},
        "",
        verb="POST",
        body={"claimId": claim, "pendingDocuments": "DriversLicense"},
        execution="RETURN_CONTROL",
        extra={"invocationId": return_id},
    )
    why = "Sending a reminder is the caller's own business, so I hand it back."
    run.model(
        complete(run, f"<thinking>{why}</thinking>", [(tool_use_id(chance), reminder.model_name(), {"claimId": claim})])
    )
    run.thinks(why)
    perform(run, reminder, run.now)
    first.emit(run.now + 4000, {"returnControl": {"invocationId": return_id, "invocationInputs": [_asked(reminder)]}})
    if chance.random() < 0.15:
        return [first]
    return [first, _answered(chance, session_id, first, version, return_id, claim)]


def _asked(tool: Tool) -> Json:
    return {
        "apiInvocationInput": {
            "actionGroup": tool.group,
            "actionInvocationType": "USER_CONFIRMATION_AND_RESULT",
            "agentId": CLAIMS.agent_id,
            "apiPath": tool.function,
            "httpMethod": "POST",
            "parameters": [],
            "requestBody": {"content": {"application/json": {"properties": tool.body_parameters()}}},
        }
    }


def _answered(chance: Random, session_id: str, first: Call, version: str, return_id: str, claim: str) -> Call:
    second = Call(chance, CLAIMS, session_id, "", first.now + chance.randint(2, 40) * 1_000_000)
    del second.request["inputText"]
    result, said = _result(chance)
    second.request["sessionState"] = {
        "invocationId": return_id,
        "returnControlInvocationResults": [{"apiResult": result}],
    }
    run = Run(second, CLAIMS, version, run_id=second.request_id, session_id=session_id)
    run.says("user", f"Remind the customer of {claim} about the missing documents.")
    run.adds("user", java_result(tool_use_id(chance), said))
    answer = (
        f"I reminded the customer of {claim}." if "sent" in said else f"The reminder for {claim} could not be sent."
    )
    conclude(run, answer)
    second.answer(answer)
    return second


def _result(chance: Random) -> tuple[Json, str]:
    result: Json = {
        "actionGroup": GROUP,
        "agentId": CLAIMS.agent_id,
        "apiPath": "/reminders",
        "confirmationState": "CONFIRM",
        "httpMethod": "POST",
    }
    said = '{"state": "sent", "trackingId": "r-50e8"}'
    match chance.choices(("sent", "failure", "reprompt", "forbidden", "denied"), (60, 10, 8, 12, 10))[0]:
        case "failure":
            said = "The mail service refused the address."
            result["responseState"] = "FAILURE"
        case "reprompt":
            said = "Which documents are missing?"
            result["responseState"] = "REPROMPT"
        case "forbidden":
            said = '{"message": "Forbidden"}'
            result["httpStatusCode"] = 403
        case "denied":
            said = "The user declined."
            result["confirmationState"] = "DENY"
        case _:
            result["httpStatusCode"] = 200
    return {**result, "responseBody": {"application/json": {"body": said}}}, said
