"""`tracehub replay`: recorded sessions as a bedrock-agent-runtime endpoint."""

import gc
import logging
import sys
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from tracehub.cli.environment import read_settings
from tracehub.cli.recordings import note, of_database, of_demo, of_files
from tracehub.errors import PermanentError

if TYPE_CHECKING:
    from tracehub.replay.recording import Recording
    from tracehub.replay.server import Replay

PORT = 8323
LATEST = 1000


class Match(StrEnum):
    """How a recording is chosen."""

    SESSION = "session"
    INPUT = "input"
    ANY = "any"


class RequestIds(StrEnum):
    """Which request ids are answered."""

    FRESH = "fresh"
    RECORDED = "recorded"


def replay(
    files: list[str] = typer.Argument(
        None,
        help="Recordings: files, folders, or - for standard input, in any form that `tracehub import` reads; without "
        "any, the sessions of the database.",
        metavar="FILE…",
    ),
    demo: bool = typer.Option(False, "--demo", help="Replay synthetic demo sessions."),
    match: Match = typer.Option(
        Match.SESSION,
        help="session: the n-th call with a session id gets the session's n-th recorded turn. input: the calls "
        "recorded of this agent with this text, in turn. any: all recordings in their order, over and over.",
    ),
    speed: float = typer.Option(
        1, help="1 for the original timing, 10 for ten times as fast, 0 for no waits.", min=0, max=1_000_000
    ),
    fault: list[str] = typer.Option(
        [],
        help="throttle@3 (throttlingException after 3 frames), cut@3 (the connection breaks within the 4th frame), "
        "slow=200ms (before each frame), http=503 (an error in place of the stream); with :every=5 only each 5th call "
        "is struck. May be repeated. The header x-tracehub-fault of a request does the same for that one call.",
        metavar="FAULT",
    ),
    request_ids: RequestIds = typer.Option(
        RequestIds.FRESH, help="Whether each call gets a new request id, or the one that was recorded."
    ),
    latest: int = typer.Option(LATEST, help="How many of the database's sessions, the latest first.", min=1),
    host: str = typer.Option("127.0.0.1", help="Address to listen on. Nobody is asked for a key."),
    port: int = typer.Option(PORT, help="Port to listen on; 0 for a free one.", min=0, max=65535),
) -> None:
    """Serve recorded sessions as AWS does, to any AWS SDK, until interrupted. Recordings are held in memory."""
    from tracehub.analytics.knowledge import load_knowledge
    from tracehub.app import limits_of
    from tracehub.replay.faults import Faults, parse_fault
    from tracehub.replay.matching import matching
    from tracehub.replay.server import Pace, Replay

    if demo and files:
        msg = "--demo and files cannot be replayed together"
        raise PermanentError(msg)
    faults = Faults([parse_fault(each) for each in fault])
    settings = read_settings()
    knowledge = load_knowledge(settings.prices_file, settings.tool_error_rules_file)
    if demo:
        recordings = of_demo(limits_of(settings), knowledge)
    elif files:
        recordings = of_files(files, limits_of(settings), knowledge)
    else:
        recordings = of_database(settings, knowledge, latest)
    made = Replay(
        matching(match.value, recordings), faults, Pace(speed), recorded_ids=request_ids is RequestIds.RECORDED
    )
    if not _is_loopback(host):
        note(f"listening on {host} lets others read every recording")
    # What is held for as long as the server runs need not be looked at by the collector again and again.
    gc.collect()
    gc.freeze()
    _serve(made, host, port, _summary(recordings))


def _serve(made: "Replay", host: str, port: int, what: str) -> None:
    import uvicorn

    from tracehub.cli.listening import Server, reached

    def started(at: int) -> None:
        address = f"http://{reached(host)}:{at}"
        typer.echo(f"replaying {what} at {address}  (Ctrl+C stops it)")
        typer.echo(f"export AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME={address}")
        sys.stdout.flush()

    logging.getLogger("uvicorn.error").addFilter(_is_unexpected)
    config = uvicorn.Config(
        made,
        host=host,
        port=port,
        lifespan="off",
        ws="none",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=1,
        backlog=4096,
    )
    Server(config, started).run()


def _is_unexpected(record: logging.LogRecord) -> bool:
    """A response that ends in the middle is what cut@N is for; streams that still wait when all ends are cut too."""
    said = record.getMessage()
    return "without completing response" not in said and "timeout graceful shutdown exceeded" not in said


def _is_loopback(host: str) -> bool:
    from tracehub.web.safety.binding import is_loopback

    return is_loopback(host)


def _summary(recordings: Iterable["Recording"]) -> str:
    sessions = [recording.session_id for recording in recordings]
    return f"{_many(len(sessions), 'call')} of {_many(len(set(sessions)), 'session')}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
