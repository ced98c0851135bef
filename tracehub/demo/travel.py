"""Supervisors: a travel desk three levels deep with parallel collaborators, and a help desk with a router."""

from random import Random

from tracehub.demo.call import Call
from tracehub.demo.cast import FARES, FLIGHTS, HELPDESK, HOTELS, NETWORK, TRAVEL
from tracehub.demo.delegation import Task, delegate
from tracehub.demo.moves import Tool, act, complete, conclude
from tracehub.demo.run import Run

CITIES = ("Lisbon", "Oslo", "Trieste", "Gdańsk", "Porto")


def play(chance: Random, session_id: str, at: int, version: str, turn: int) -> Call:
    """One turn of the travel desk."""
    city = chance.choice(CITIES)
    question = f"I need a flight to {city} next Tuesday and two nights in a quiet hotel."
    call = Call(chance, TRAVEL, session_id, question, at)
    run = Run(call, TRAVEL, version, run_id=call.request_id, session_id=session_id)
    run.says("user", question)
    tasks = [
        Task(FLIGHTS, f"Find a flight to {city} next Tuesday morning.", lambda child: _fly(child, city)),
        Task(HOTELS, f"Find a quiet hotel in {city} for two nights.", lambda child: _stay(child, city)),
    ]
    if chance.random() < 0.5:
        delegate(run, "Flight and hotel do not depend on each other, so both desks can start at once.", tasks)
    else:
        for task in tasks:
            delegate(run, f"Next I ask {task.agent.name}.", [task])
    answer = f"I found a flight to {city} for 184 EUR and a quiet hotel near the old town for 96 EUR a night."
    conclude(run, answer)
    call.answer(answer, pieces=4)
    return call


def route(chance: Random, session_id: str, at: int, version: str, turn: int) -> Call:
    """One turn of the help desk: a classifier picks the specialist, whose answer goes straight to the user."""
    question = "My VPN drops every ten minutes since this morning."
    call = Call(chance, HELPDESK, session_id, question, at)
    run = Run(call, HELPDESK, version, run_id=call.request_id, session_id=session_id)
    run.says("user", question)
    run.model(
        complete(run, "<thinking>A network question.</thinking><a>NetworkSpecialist</a>", []),
        kind="ROUTING_CLASSIFIER",
        union="routingClassifierTrace",
        suffix="routing-0",
    )
    host = f"vpn-{chance.randint(1, 9)}.example.com"
    task = Task(NETWORK, question, lambda child: _ping(child, host))
    delegate(run, "", [task], union="routingClassifierTrace", model=False)
    answer = f"{host} loses one packet in five. I opened a ticket with the network team."
    run.finishes(answer, union="routingClassifierTrace")
    call.answer(answer)
    return call


def _fly(run: Run, city: str) -> str:
    result = (
        '{"flights": [{"code": "XY123", "departs": "07:40", "fare": 184.0}, {"code": "XY127", "departs": "11:05"}]}'
    )
    act(run, f"I search morning flights to {city}.", [Tool("Flights", "search_flights", {"destination": city}, result)])
    delegate(
        run, "The fare rules decide whether it can be changed.", [Task(FARES, "Quote XY123 with its rules.", _quote)]
    )
    answer = f"XY123 leaves at 07:40 for 184 EUR; changes cost 40 EUR. It is the earliest flight to {city}."
    conclude(run, answer)
    return answer


def _quote(run: Run) -> str:
    quoted = Tool(
        "Fares", "quote", {"fare_code": "XY123-K"}, '{"fare": 184.0, "change_fee": 40.0, "refundable": false}'
    )
    act(run, "I quote the fare class K.", [quoted])
    conclude(run, "184 EUR, changes 40 EUR, not refundable.")
    return "184 EUR, changes 40 EUR, not refundable."


def _stay(run: Run, city: str) -> str:
    failed = run.chance.random() < 0.15
    result = (
        '{"error": "no availability service for this city"}'
        if failed
        else '{"hotels": [{"name": "Pátio", "price": 96.0}]}'
    )
    act(run, f"I search hotels in {city}.", [Tool("Hotels", "search_hotels", {"city": city}, result)])
    answer = "No hotel could be found." if failed else "Hotel Pátio, a courtyard house, 96 EUR a night."
    conclude(run, answer)
    return answer


def _ping(run: Run, host: str) -> str:
    act(run, f"I ping {host} to see losses.", [Tool("Network", "ping_host", {"host": host}, '{"sent": 5, "lost": 1}')])
    answer = f"{host} loses one packet in five."
    conclude(run, answer)
    return answer
