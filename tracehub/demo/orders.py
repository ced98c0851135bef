"""The order helper: tools that work, fail in every way, are called in parallel or again and again."""

from random import Random

from tracehub.demo.call import Call
from tracehub.demo.cast import ORDERS
from tracehub.demo.moves import Tool, act, complete, conclude
from tracehub.demo.run import MS, Run
from tracehub.demo.texts import HOSTILE, ORDER_QUESTIONS, order_json

TOOL_ERRORS = (
    "Error, Function not found",
    '{"error": "order service timed out after 3000 ms"}',
    '{"statusCode": 500, "body": "internal error"}',
    '{"statusCode": 403, "body": {"error": "refunds above 500 EUR need approval"}}',
)
SILENT = "406: The function call format is incorrect. Use the required function call format."


def play(chance: Random, session_id: str, at: int, version: str, turn: int) -> Call:
    """One turn. Version 12 fails far more often than 11, as a deployment that went wrong does."""
    order = f"A-{chance.randint(1000, 9999)}"
    pattern = HOSTILE[turn % 3] if chance.random() < 0.03 else chance.choice(ORDER_QUESTIONS)
    question = pattern.replace("{order}", order)
    call = Call(chance, ORDERS, session_id, question, at)
    call.request["sessionState"] = {
        "sessionAttributes": {"customerTier": chance.choice(("gold", "basic"))},
        "promptSessionAttributes": {"channel": "web"},
    }
    run = Run(call, ORDERS, version, run_id=call.request_id, session_id=session_id)
    run.says("user", question)
    share = 0.18 if version == "12" else 0.03
    failing = chance.random() < share
    lookup = Tool("OrderActions", "get_order", {"order_id": order}, order_json(chance, order))
    match chance.choices(
        ("plain", "parallel", "again", "silent", "reprompt", "failure"), (60, 15, 7, 5, 5, 8 if failing else 2)
    )[0]:
        case "parallel":
            track = Tool(
                "OrderActions",
                "track_parcel",
                {"tracking_id": f"PC{order}"},
                '{"at": "Venlo depot", "eta": "tomorrow"}',
            )
            act(
                run,
                f"I need the order {order} and the whereabouts of its parcel; both can be asked at once.",
                [lookup, track],
            )
        case "again":
            for _ in range(3):
                act(run, "The answer was incomplete, so I ask again.", [lookup])
        case "silent":
            silent_reprompt(run, order)
            act(run, f"I should look up order {order} first.", [lookup])
        case "reprompt":
            reprompted(run, "ACTION_GROUP", "The parameter order_id is missing.")
            act(run, f"I should look up order {order} first.", [lookup], explain=False)
        case "failure":
            failed(run, lookup)
            return call
        case _:
            act(run, f"The user asks about order {order}. I should look it up before I promise anything.", [lookup])
    if failing:
        refund = Tool(
            "OrderActions", "refund_order", {"order_id": order, "amount": "219.00"}, chance.choice(TOOL_ERRORS)
        )
        act(run, "The item arrived broken, so a refund is due.", [refund])
    answer = (
        f"Your order {order} is on its way and arrives tomorrow. You can follow it with the link in the mail we sent."
    )
    if failing:
        answer = "I could not complete the refund just now. I have left a note for a colleague, who answers today."
    conclude(run, answer)
    call.answer(answer)
    return call


def silent_reprompt(run: Run, order: str) -> None:
    """The model writes a malformed call; only the next prompt tells."""
    run.model(complete(run, f"<thinking>I look up {order}</thinking><invoke><tool_name>get_order", []))
    run.thinks(f"I look up {order}")
    run.adds("assistant", "<function_calls><invoke><tool_name>get_order</tool_name></function_calls>")
    said = f"<error> <tool_name>get_order</tool_name> <stdout>{SILENT}</stdout> </error>"
    run.adds("user", f"  <function_results> {said} </function_results>")
    run.step += 1


def reprompted(run: Run, source: str, text: str) -> None:
    """The model's call is sent back by AWS."""
    run.model(complete(run, "<thinking>I call the function.</thinking>", []))
    run.thinks("I call the function.")
    run.now += 5 * MS
    if source == "ACTION_GROUP":
        run.calls(
            {"actionGroupInvocationInput": Tool("OrderActions", "get_order", {}, "").invocation()}, "ACTION_GROUP"
        )
    if source == "KNOWLEDGE_BASE":
        run.calls({"knowledgeBaseLookupInput": {"knowledgeBaseId": "ORDERFAQ01", "text": ""}}, "KNOWLEDGE_BASE")
    run.observes({"repromptResponse": {"source": source, "text": text}}, "REPROMPT")
    run.says("user", text)
    run.step += 1


def failed(run: Run, tool: Tool) -> None:
    """The tool's Lambda fails unhandled: a failure trace, then an apology with HTTP 200."""
    run.model(
        complete(
            run, "<thinking>I look the order up.</thinking>", [("toolu_1", tool.model_name(), dict(tool.arguments))]
        )
    )
    run.thinks("I look the order up.")
    run.now += run.chance.randint(500, 9000) * MS
    run.calls({"actionGroupInvocationInput": tool.invocation()}, "ACTION_GROUP")
    run.part(
        "failureTrace",
        {
            "failureCode": 424,
            "failureReason": "The Lambda function order-actions failed: Task timed out after 9.00 seconds",
            "metadata": run.metadata(run.began, operation=True),
            "traceId": run.trace_id(),
        },
    )
    run.call.answer("Sorry, I am unable to assist you with this request.")
