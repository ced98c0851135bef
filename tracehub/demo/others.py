"""An analyst with a code interpreter, an inline agent, a custom orchestration."""

import base64
from random import Random

from tracehub.demo.call import Call
from tracehub.demo.cast import ANALYST, CUSTOM, INLINE
from tracehub.demo.moves import Tool, act, complete, conclude, perform, run_code
from tracehub.demo.orders import reprompted
from tracehub.demo.run import Run

CODE = """import pandas as pd
sales = pd.read_csv("sales.csv")
by_month = sales.groupby("month")["amount"].sum()
by_month.plot(kind="bar").get_figure().savefig("sales.png")
print(by_month.describe())"""


def analyse(chance: Random, session_id: str, at: int, version: str, turn: int) -> Call:
    """The analyst runs code, which may fail or time out, and returns a file."""
    question = "Plot our monthly sales and tell me the best month."
    call = Call(chance, ANALYST, session_id, question, at)
    call.request["sessionState"] = {"files": [{"name": "sales.csv", "useCase": "CODE_INTERPRETER"}]}
    run = Run(call, ANALYST, "DRAFT", run_id=call.request_id, session_id=session_id)
    run.says("user", question)
    luck = chance.random()
    if luck < 0.25:
        error = "Traceback (most recent call last):\n  File \"<cell>\", line 3\nKeyError: 'month'"
        run_code(run, "I sum the amounts by month.", CODE, {"executionError": error})
    elif luck < 0.35:
        run_code(run, "I sum the amounts by month.", CODE, {"executionTimeout": True})
    if chance.random() < 0.1:
        reprompted(run, "PARSER", "The output could not be parsed. Close every tag.")
    output = "count 12\nmean 48210.4\nmax 91022.0"
    run_code(
        run, "The column is called month_name; I try again.", CODE, {"executionOutput": output, "files": ["sales.png"]}
    )
    answer = "December was the best month with 91,022 EUR. The chart is attached."
    conclude(run, answer)
    picture = base64.b64encode(b"\x89PNG synthetic" * 40).decode()
    call.now += 20_000
    call.emit(call.now, {"files": {"files": [{"bytes": picture, "name": "sales.png", "type": "image/png"}]}})
    call.answer(answer)
    return call


def inline(chance: Random, session_id: str, at: int, version: str, turn: int) -> Call:
    """An inline agent reports neither id nor alias nor version, and its model has no price."""
    question = "Summarise the tickets in the queue 'printers'."
    call = Call(chance, INLINE, session_id, question, at)
    run = Run(call, INLINE, "", run_id=call.request_id, session_id=session_id)
    run.says("user", question)
    result = (
        '{"tickets": [{"id": 17, "title": "Paper jam on floor 3"}, {"id": 21, "title": "Toner low"}], "errors": []}'
    )
    act(run, "I list the queue.", [Tool("Tickets", "list", {"queue": "printers"}, result)])
    if chance.random() < 0.2:
        conclude(run, "Which of the two printers do you mean?", "I have to ask.", "ASK_USER")
        call.answer("Which of the two printers do you mean?")
        return call
    conclude(run, "Two tickets: a paper jam on floor 3 and low toner.")
    call.answer("Two tickets: a paper jam on floor 3 and low toner.")
    return call


def custom(chance: Random, session_id: str, at: int, version: str, turn: int) -> Call:
    """A custom orchestration writes notes of its own and no final response."""
    question = "A table for four tonight at nine, please."
    call = Call(chance, CUSTOM, session_id, question, at)
    run = Run(call, CUSTOM, "DRAFT", run_id=call.request_id, session_id=session_id)
    run.says("user", question)
    _note(run, '{"state":"START","next":"INVOKE_MODEL"}')
    why = "I book the table."
    run.model(complete(run, why, [("t1", "TableBookings__create_booking", {"name": "guest"})]))
    run.thinks(why)
    _note(run, '{"state":"MODEL_INVOKED","next":"INVOKE_TOOL"}')
    booking = Tool(
        "TableBookings", "create_booking", {"name": "guest", "guests": "4", "hour": "21:00"}, '{"booking_id": "b-1f2e"}'
    )
    perform(run, booking, run.now)
    _note(run, '{"state":"TOOL_INVOKED","next":"FINISH"}')
    call.answer("Your table for four is booked for 21:00, booking b-1f2e.")
    return call


def _note(run: Run, text: str) -> None:
    run.now += 1500
    run.part("customOrchestrationTrace", {"event": {"text": text}, "traceId": run.trace_id()})
