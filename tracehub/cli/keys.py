"""`tracehub keys`: the keys with which callers use the proxy."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, cast

import typer

from tracehub.cli.environment import read_settings
from tracehub.errors import DatabaseLockedError

if TYPE_CHECKING:
    from tracehub.app import App

commands = typer.Typer(help="The keys with which callers use the proxy.", no_args_is_help=True)
PROXY_ADDRESS = "http://127.0.0.1:8322"
Json = dict[str, object]


class Door(NamedTuple):
    """How keys are reached. Each answers as the API does."""

    create: Callable[[Json], Json]
    every: Callable[[], list[Json]]
    rotate: Callable[[str, str], Json]
    revoke: Callable[[str], Json]


@commands.command("create")
def create(
    name: str = typer.Argument(help="Whose key it is, for people."),
    agent: list[str] = typer.Option([], help="Only this agent; may be repeated.", metavar="ID"),
    alias: list[str] = typer.Option([], help="Only this alias; may be repeated.", metavar="ID"),
    operation: list[str] = typer.Option([], help="Only this operation, such as InvokeAgent; may be repeated."),
    rate: float | None = typer.Option(None, help="At most so many requests a second."),
    region: str | None = typer.Option(None, help="Call AWS in this region; else in the proxy's own."),
    role: str | None = typer.Option(None, help="Call AWS as this role; else as the proxy itself.", metavar="ARN"),
    external_id: str | None = typer.Option(None, help="What the role's trust policy asks for."),
    expires: str | None = typer.Option(None, help="How long the key is good, such as 90d; else for ever."),
    as_json: bool = typer.Option(False, "--json", help="Print the key as one JSON object."),
) -> None:
    """Create a key. Its secret is printed once and kept nowhere."""
    wanted: Json = {
        "name": name,
        "agents": agent,
        "aliases": alias,
        "operations": operation,
        "requests_per_second": rate,
        "region": region,
        "role_arn": role,
        "external_id": external_id,
        "expires_in": expires,
    }
    with _door() as door:
        _print_issued(door.create(wanted), as_json)


@commands.command("list")
def list_(as_json: bool = typer.Option(False, "--json", help="Print all keys as one JSON object.")) -> None:
    """List all keys and when each was used last."""
    with _door() as door:
        keys = door.every()
    if as_json:
        typer.echo(json.dumps({"items": keys}, indent=2, ensure_ascii=False))
    elif keys:
        _print_table(keys)
    else:
        typer.echo("there are no keys: tracehub keys create NAME")


@commands.command("rotate")
def rotate(
    key_id: str = typer.Argument(help="The key's id.", metavar="ID"),
    overlap: str = typer.Option("24h", help="How long the secret before stays good; 0s ends it now."),
    as_json: bool = typer.Option(False, "--json", help="Print the key as one JSON object."),
) -> None:
    """Give a key a new secret. It is printed once and kept nowhere."""
    with _door() as door:
        _print_issued(door.rotate(key_id, overlap), as_json)


@commands.command("revoke")
def revoke(key_id: str = typer.Argument(help="The key's id.", metavar="ID")) -> None:
    """End a key for good."""
    with _door() as door:
        key = door.revoke(key_id)
    typer.echo(f"{key['key_id']} ({key['name']}) is revoked")


@contextmanager
def _door() -> Iterator[Door]:
    """To the database; where a running tracehub serve owns it, through that server."""
    from tracehub.app import open_app
    from tracehub.cli.forwarding import ask, serving_address

    settings = read_settings()
    try:
        with open_app(settings) as app:
            yield _into(app)
    except DatabaseLockedError:
        address = serving_address(settings)
        if address is None:
            raise
        keys = f"{address}/api/v1/proxy-keys"
        yield Door(
            create=lambda wanted: ask(keys, settings, wanted),
            every=lambda: cast("list[Json]", ask(keys, settings)["items"]),
            rotate=lambda key_id, overlap: ask(f"{keys}/{_named(key_id)}/rotate", settings, {"overlap": overlap}),
            revoke=lambda key_id: ask(f"{keys}/{_named(key_id)}/revoke", settings, {}),
        )


def _into(app: "App") -> Door:
    from tracehub.app import clock
    from tracehub.model.proxy_key import lasting, read_terms
    from tracehub.store import proxy_keys
    from tracehub.web.api.describe import issued_key, proxy_key

    def create_key(wanted: Json) -> Json:
        expires = wanted.pop("expires_in")
        terms = {**wanted, "expires_at": None if expires is None else clock() + lasting(str(expires))}
        return issued_key(app.issue_key(read_terms(terms)), clock())

    def every() -> list[Json]:
        with app.database.reading() as connection:
            return [proxy_key(key, clock()) for key in proxy_keys.every(connection)]

    def revoke_key(key_id: str) -> Json:
        with app.database.writing() as connection:
            return proxy_key(proxy_keys.revoke(connection, key_id, now=clock()), clock())

    return Door(
        create_key,
        every,
        lambda key_id, overlap: issued_key(app.renew_key(key_id, lasting(overlap)), clock()),
        revoke_key,
    )


def _named(key_id: str) -> str:
    from urllib.parse import quote

    return quote(key_id, safe="")


def _print_issued(key: Json, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(key, indent=2, ensure_ascii=False))
        return
    region = [f"export AWS_REGION={key['region']}"] if key["region"] else []
    lines = [
        f"# {key['name']}: the secret is shown this once",
        f"export AWS_ACCESS_KEY_ID={key['key_id']}",
        f"export AWS_SECRET_ACCESS_KEY={key['secret_access_key']}",
        "unset AWS_SESSION_TOKEN",
        *region,
        f"export AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME={PROXY_ADDRESS}",
    ]
    if key["overlap_until"]:
        lines.insert(1, f"# the secret before is good until {key['overlap_until']}")
    typer.echo("\n".join(lines))


def _print_table(keys: list[Json]) -> None:
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    table = Table(
        Column("id", no_wrap=True, min_width=20), "name", "state", "last used (UTC)", "expires (UTC)", "limits"
    )
    for key in keys:
        table.add_row(
            str(key["key_id"]),
            Text(str(key["name"])),
            str(key["state"]),
            _moment(key["last_used_at"]) or "never",
            _moment(key["expires_at"]) or "never",
            Text(_limits(key)),
        )
    Console().print(table)


def _moment(written: object) -> str:
    return str(written)[:19].replace("T", " ") if written else ""


def _limits(key: Json) -> str:
    lists = [", ".join(cast("list[str]", key[name])) for name in ("operations", "agents", "aliases")]
    rate = f"{key['requests_per_second']:g}/s" if key["requests_per_second"] else ""
    said = [*lists, rate, str(key["region"] or ""), str(key["role_arn"] or "")]
    return "; ".join(each for each in said if each) or "none"
