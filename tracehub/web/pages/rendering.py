"""Renders pages and their fragments."""

from functools import cache

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tracehub.resources import templates_dir
from tracehub.web.alert_badge import firing
from tracehub.web.pages.keyboard import keys_of
from tracehub.web.pages.static_files import addresses_of_static

# Path, label, and the letter that leads there after `g`.
SECTIONS = (
    ("sessions", "Sessions", "s"),
    ("live", "Live", "v"),
    ("alerts", "Alerts", "a"),
    ("tools", "Tools", "t"),
    ("latency", "Latency", "l"),
    ("cost", "Cost", "c"),
    ("knowledge-bases", "Knowledge", "k"),
    ("guardrails", "Guardrails", "g"),
    ("compare", "Compare", "d"),
    ("sources", "Sources", "o"),
    ("destinations", "Export", "e"),
    ("quarantine", "Quarantine", "q"),
)


def page(template: str, context: object, status: int = 200) -> HTMLResponse:
    """A whole page; its template sees the context as `page`."""
    return HTMLResponse(environment().get_template(template).render(page=context), status)


def fragment(template: str, block: str, **context: object) -> HTMLResponse:
    """One block of a page, for htmx. Not to be cached: only the page has an address of its own."""
    return HTMLResponse(render_block(template, block, **context), headers={"Cache-Control": "no-store"})


def render_block(template: str, block: str, **context: object) -> str:
    """The text of one block of a template."""
    found = environment().get_template(template)
    return "".join(found.blocks[block](found.new_context(context)))


@cache
def environment() -> Environment:
    """The templates, compiled once per process: everything is escaped, and a name that does not exist is an error."""
    made = Environment(
        loader=FileSystemLoader(templates_dir()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(static=addresses_of_static(), sections=SECTIONS, keys=keys_of(SECTIONS), firing=firing)
    return made
