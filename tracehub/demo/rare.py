"""What real streams seldom hold, so that every member of the API's model occurs at least once."""

import base64
from random import Random
from typing import Any

from tracehub.demo.call import Call, uuid_of
from tracehub.demo.cast import CLAIMS, FLIGHTS, HR, ORDERS, TRAVEL
from tracehub.demo.moves import Tool, complete, conclude, guard, look_up, perform, run_code
from tracehub.demo.orders import failed, reprompted, silent_reprompt
from tracehub.demo.people import FORBIDDEN, MASKED, cited
from tracehub.demo.run import Run
from tracehub.demo.texts import WHERE, reference

Json = dict[str, Any]
EXCEPTIONS = (
    "accessDeniedException",
    "badGatewayException",
    "conflictException",
    "dependencyFailedException",
    "internalServerException",
    "modelNotReadyException",
    "resourceNotFoundException",
    "serviceQuotaExceededException",
    "throttlingException",
    "validationException",
)
# Every exception, and a stream that is cut off.
ENDINGS = len(EXCEPTIONS) + 1


def references(chance: Random, session_id: str, at: int, version: str, turn: int) -> Call:
    """Every kind of place and content that a knowledge base can return, all cited."""
    call = Call(chance, HR, session_id, "Show me everything about leave.", at)
    run = Run(call, HR, version, run_id=call.request_id, session_id=session_id)
    run.says("user", "Show me everything about leave.")
    found = [reference(chance, kind) for kind in WHERE]
    found[1]["content"] = {
        "audio": {"s3Uri": "s3://handbook/leave.mp3", "transcription": "Leave is paid."},
        "type": "AUDIO",
    }
    found[2]["content"] = {
        "type": "VIDEO",
        "video": {"s3Uri": "s3://handbook/leave.mp4", "summary": "A talk on leave."},
    }
    found[3]["content"] = {"byteContent": "data:image/png;base64,iVBORw0KGgo=", "type": "IMAGE"}
    row = [{"columnName": "days", "columnValue": "30", "type": kind} for kind in ("LONG", "STRING", "DOUBLE")]
    found[7]["content"] = {"row": row, "type": "ROW"}
    look_up(run, "I gather every source.", "HRHANDBOOK", "leave", found)
    generate(run)
    answer = "Leave is paid for thirty days."
    conclude(run, answer)
    call.answer(
        answer, attribution={"citations": [*cited(answer, found)["citations"], *cited(answer, found[2:])["citations"]]}
    )
    return call


def generate(run: Run) -> None:
    """The knowledge base writes its own answer; the model call has a traceId of its own."""
    run.model(
        complete(run, "Leave is paid.", []),
        kind="KNOWLEDGE_BASE_RESPONSE_GENERATION",
        suffix="KB-0-0",
        prompt="A chat between a curious user and an assistant. Search results: leave is paid. Question: leave?",
    )


def overrides(chance: Random, session_id: str, at: int, version: str, turn: int) -> Call:
    """Overridden prompts and parsers, and models that reason."""
    call = Call(chance, ORDERS, session_id, "Why was my order split?", at)
    run = Run(call, ORDERS, version, run_id=call.request_id, session_id=session_id)
    run.says("user", "Why was my order split?")
    overridden = {
        "overrideLambda": "arn:aws:lambda:us-east-1:123456789012:function:parser",
        "parserMode": "OVERRIDDEN",
        "promptCreationMode": "OVERRIDDEN",
    }
    reasoning = {
        "reasoningText": {"signature": "c2lnbmF0dXJl", "text": "Two warehouses hold the items, so two parcels."}
    }
    redacted = {"redactedContent": base64.b64encode(b"hidden").decode()}
    text = complete(run, "<thinking>Two warehouses.</thinking>", [])
    pre = {"parsedResponse": {"isValid": False, "rationale": "Nobody can say."}, "reasoningContent": redacted}
    run.model(
        text,
        kind="PRE_PROCESSING",
        union="preProcessingTrace",
        suffix="pre-0",
        extra_input=overridden,
        extra_output=pre,
    )
    run.model(text, extra_input=overridden, extra_output={"reasoningContent": reasoning})
    run.thinks("Two warehouses hold the items.")
    run.finishes("The items lie in two warehouses.")
    post = {"parsedResponse": {"text": "The items lie in two warehouses."}, "reasoningContent": reasoning}
    run.model(text, kind="POST_PROCESSING", union="postProcessingTrace", suffix="post-0", extra_output=post)
    call.answer("The items lie in two warehouses.")
    return call


def guarded(chance: Random, session_id: str, at: int, version: str, turn: int) -> Call:
    """An output that a guardrail blocks."""
    call = Call(chance, HR, session_id, "Tell me about Dana.", at)
    run = Run(call, HR, version, run_id=call.request_id, session_id=session_id)
    run.says("user", "Tell me about Dana.")
    conclude(run, "Dana's card is 4111 1111 1111 1111.")
    entity = {"action": "BLOCKED", "match": "4111 1111 1111 1111", "type": "CREDIT_DEBIT_CARD_NUMBER"}
    guard(run, "input", "INTERVENED", MASKED)
    blocked = {"sensitiveInformationPolicy": {"piiEntities": [entity], "regexes": []}}
    guard(run, "output", "INTERVENED", [blocked, *FORBIDDEN])
    call.answer("I can't share that.")
    return call


def collaborator_returns_control(chance: Random, session_id: str, at: int, version: str, turn: int) -> Call:
    """A collaborator hands control back through its supervisor, and gets results the same way."""
    call = Call(chance, TRAVEL, session_id, "Book the flight.", at)
    run = Run(call, TRAVEL, version, run_id=call.request_id, session_id=session_id)
    run.says("user", "Book the flight.")
    return_id = uuid_of(chance)
    run.model(complete(run, "<thinking>FlightDesk books.</thinking>", []))
    run.thinks("FlightDesk books.")
    result = {
        "functionResult": {
            "actionGroup": "Flights",
            "agentId": FLIGHTS.agent_id,
            "confirmationState": "CONFIRM",
            "function": "book",
            "responseBody": {
                "TEXT": {"body": "booked", "images": [{"format": "png", "source": {"bytes": "iVBORw0KGgo="}}]}
            },
            "responseState": "REPROMPT",
        }
    }
    api = {
        "apiResult": {
            "actionGroup": "ClaimActions",
            "agentId": CLAIMS.agent_id,
            "apiPath": "/reminders",
            "confirmationState": "DENY",
            "httpMethod": "POST",
            "httpStatusCode": 409,
            "responseBody": {"TEXT": {"body": "declined"}},
            "responseState": "FAILURE",
        }
    }
    name = {"agentCollaboratorAliasArn": FLIGHTS.arn(), "agentCollaboratorName": FLIGHTS.name}
    results = {"invocationId": return_id, "returnControlInvocationResults": [result, api]}
    given = {**name, "input": {"returnControlResults": results, "text": "The user agreed.", "type": "RETURN_CONTROL"}}
    run.calls({"agentCollaboratorInvocationInput": given}, "AGENT_COLLABORATOR")
    began = run.now
    run.now += 900_000
    handed_back = _handed_back(uuid_of(chance))
    output = {
        **name,
        "metadata": run.metadata(began),
        "output": {"returnControlPayload": handed_back, "type": "RETURN_CONTROL"},
    }
    run.observes({"agentCollaboratorInvocationOutput": output}, "AGENT_COLLABORATOR")
    call.emit(run.now + 3000, {"returnControl": handed_back})
    return call


def _handed_back(return_id: str) -> Json:
    function = {
        "actionGroup": "Flights",
        "actionInvocationType": "RESULT",
        "agentId": FLIGHTS.agent_id,
        "collaboratorName": FLIGHTS.name,
        "function": "pay",
        "parameters": [{"name": "amount", "type": "number", "value": "184"}],
    }
    api = {
        "actionGroup": "ClaimActions",
        "actionInvocationType": "USER_CONFIRMATION",
        "agentId": FLIGHTS.agent_id,
        "apiPath": "/confirm",
        "collaboratorName": FLIGHTS.name,
        "httpMethod": "POST",
        "parameters": [{"name": "claimId", "type": "string", "value": "claim-1"}],
        "requestBody": {
            "content": {"application/json": {"properties": [{"name": "ok", "type": "boolean", "value": "true"}]}}
        },
    }
    return {
        "invocationId": return_id,
        "invocationInputs": [{"functionInvocationInput": function}, {"apiInvocationInput": api}],
    }


def stumbles(chance: Random, session_id: str, at: int, version: str, turn: int) -> Call:
    """One call in which everything is sent back, fails or times out, until a Lambda ends it."""
    call = Call(chance, ORDERS, session_id, "Check order A-1001 by every means.", at)
    run = Run(call, ORDERS, version, run_id=call.request_id, session_id=session_id)
    run.says("user", "Check order A-1001 by every means.")
    for source in ("ACTION_GROUP", "KNOWLEDGE_BASE", "PARSER"):
        reprompted(run, source, f"Sent back by the {source.lower()}.")
    silent_reprompt(run, "A-1001")
    run_code(run, "I compute it.", "1 / 0", {"executionError": "ZeroDivisionError: division by zero"})
    run_code(run, "I wait for it.", "while True: pass", {"executionTimeout": True})
    failed(run, Tool("OrderActions", "get_order", {"order_id": "A-1001"}, ""))
    return call


def broken(chance: Random, session_id: str, at: int, version: str, turn: int) -> Call:
    """A stream that an exception ends, or that is cut off; each turn another one."""
    call = Call(chance, ORDERS, session_id, "Where is my refund?", at)
    run = Run(call, ORDERS, version, run_id=call.request_id, session_id=session_id)
    run.says("user", "Where is my refund?")
    if turn % ENDINGS == len(EXCEPTIONS):
        run.model("", cut=True)
        return call
    run.model(complete(run, "<thinking>I look for the refund.</thinking>", [("t", "OrderActions__get_order", {})]))
    run.thinks("I look for the refund.")
    perform(run, Tool("OrderActions", "get_order", {"order_id": "A-1"}, '{"status": "refunded"}'), run.now)
    name = EXCEPTIONS[turn % len(EXCEPTIONS)]
    message: Json = {"message": "Your request rate is too high." if name.startswith("thr") else f"synthetic {name}"}
    if name in ("badGatewayException", "dependencyFailedException"):
        message["resourceName"] = "arn:aws:lambda:us-east-1:123456789012:function:order-actions"
    if name == "internalServerException":
        message["reason"] = "synthetic"
    call.emit(run.now + 2000, {name: message})
    return call
