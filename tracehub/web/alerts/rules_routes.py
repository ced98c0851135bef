"""The addresses of the pages of rules, and what can be done with a rule there."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy import Connection
from starlette.responses import Response

from tracehub.model.rule import Rule, RuleRow
from tracehub.model.rule_words import RuleError, read_rule
from tracehub.store import alert_channels, alert_rules
from tracehub.web.alerts import places
from tracehub.web.alerts.rule_form import RuleForm, rule_form
from tracehub.web.alerts.rule_preview import Preview, preview_of
from tracehub.web.alerts.rule_typed import typed_of, words_in
from tracehub.web.alerts.rules_page import rule_page, rules_page
from tracehub.web.alerts.suggestions import suggested, suggestions
from tracehub.web.dependencies import Dependencies, Parts, Reading
from tracehub.web.pages import addresses
from tracehub.web.pages.form_fields import Typed, typed_in
from tracehub.web.pages.notices import back_to
from tracehub.web.pages.rendering import page

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
TypedIn = Annotated[dict[str, list[str]], Depends(typed_in)]
_NEW = f"{places.RULES}/new"


@router.get("/alerts/rules")
def list_of_rules(request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """Every rule, and those that are offered."""
    return page("alert_rules.html", rules_page(connection, request.query_params, suggestions(), now=parts.clock()))


@router.get("/alerts/rules/new")
def new_rule(request: Request, connection: Reading) -> HTMLResponse:
    """The form for a new rule; `?suggested=` fills it in with one that is offered."""
    offered = request.query_params.get("suggested")
    typed: Typed = typed_of(suggested(offered)) if offered else {"measure": ["tool_error_rate"], "condition": ["above"]}
    return page("alert_rule_form.html", _form(connection, typed, None))


@router.post("/alerts/rules/new")
def add_rule(typed: TypedIn, parts: Parts) -> Response:
    """Declares it; `do=show` only shows the YAML, `do=preview` what it would have done."""
    return _save(parts, typed, None)


@router.post("/alerts/rules/suggested")
def add_suggested(typed: TypedIn, parts: Parts) -> Response:
    """Declares a rule that is offered, as it stands."""
    rule = suggested((typed.get("name") or [""])[0])
    with parts.writing() as connection:
        if rule.name not in {row.rule.name for row in alert_rules.every(connection)}:
            alert_rules.declare(connection, rule, declared_in="ui", now=parts.clock())
    return _back("added", rule.name)


@router.get("/alerts/rules/{path:path}/edit")
def edit_rule(path: str, connection: Reading) -> HTMLResponse:
    """The form for a rule that was declared here."""
    row = _of_ui(connection, addresses.named(path))
    return page("alert_rule_form.html", _form(connection, typed_of(row.rule), row.rule.name))


@router.post("/alerts/rules/{path:path}/edit")
def change_rule(path: str, typed: TypedIn, parts: Parts) -> Response:
    """Declares it anew under its name; its alerts go on."""
    name = addresses.named(path)
    with parts.reading() as connection:
        _of_ui(connection, name)
    return _save(parts, {**typed, "name": [name]}, name)


@router.post("/alerts/rules/{path:path}/pause")
def pause_rule(path: str, parts: Parts) -> Response:
    """It is not judged until it is resumed; its alerts end."""
    return _pause(parts, addresses.named(path), True)


@router.post("/alerts/rules/{path:path}/resume")
def resume_rule(path: str, parts: Parts) -> Response:
    """It is judged again."""
    return _pause(parts, addresses.named(path), False)


@router.post("/alerts/rules/{path:path}/remove")
def remove_rule(path: str, parts: Parts) -> Response:
    """Takes away what was declared here; its alerts end."""
    name = addresses.named(path)
    with parts.writing() as connection:
        _of_ui(connection, name)
        alert_rules.remove(connection, name)
    return _back("removed", name)


@router.get("/alerts/rules/{path:path}")
def one_rule(path: str, request: Request, connection: Reading, parts: Parts) -> HTMLResponse:
    """One rule with its alerts; `?preview=1` draws what it would have done."""
    name, query = addresses.named(path), request.query_params
    now, preview = parts.clock(), None
    if query.get("preview"):
        preview = preview_of(connection, alert_rules.one(connection, name).rule, now)
    shown = rule_page(connection, name, query, preview, now=now)
    return page("alert_rule.html", shown)


def _save(parts: Dependencies, typed: Typed, name: str | None) -> Response:
    do, now = (typed.get("do") or [""])[0], parts.clock()
    try:
        rule = read_rule(words_in(typed))
    except RuleError as error:
        return _again(parts, typed, name, error, 422)
    if do in ("show", "preview"):
        return _again(parts, typed, name, None, 200, rule, previewed=do == "preview")
    with parts.writing() as connection:
        taken = name is None and rule.name in {row.rule.name for row in alert_rules.every(connection)}
        if not taken:
            alert_rules.declare(connection, rule, declared_in="ui", now=now)
    if taken:
        return _again(parts, typed, name, "there is a rule of this name already", 409)
    return _back("added" if name is None else "changed", rule.name)


def _again(
    parts: Dependencies,
    typed: Typed,
    name: str | None,
    error: RuleError | str | None,
    status: int,
    rule: Rule | None = None,
    *,
    previewed: bool = False,
) -> HTMLResponse:
    with parts.reading() as connection:
        preview = preview_of(connection, rule, parts.clock()) if rule and previewed else None
        shown = _form(connection, typed, name, error=error, rule=rule, preview=preview)
    return page("alert_rule_form.html", shown, status)


def _form(
    connection: Connection,
    typed: Typed,
    name: str | None,
    *,
    error: RuleError | str | None = None,
    rule: Rule | None = None,
    preview: Preview | None = None,
) -> RuleForm:
    action = _NEW if name is None else f"{addresses.alert_rule(name)}/edit"
    channels = [row.channel.name for row in alert_channels.every(connection)]
    return rule_form(typed, action=action, fixed_name=name, channels=channels, error=error, rule=rule, preview=preview)


def _pause(parts: Dependencies, name: str, paused: bool) -> Response:
    with parts.writing() as connection:
        alert_rules.pause(connection, name, paused)
    return _back("paused" if paused else "resumed", name)


def _of_ui(connection: Connection, name: str) -> RuleRow:
    row = alert_rules.one(connection, name)
    if row.declared_in != "ui":
        raise HTTPException(409, f"the rule {name!r} is declared in a file: change it there")
    return row


def _back(done: str, name: str) -> Response:
    return RedirectResponse(back_to(places.RULES, done=done, name=name), 303)
