"""The page that people see when something is wrong."""

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from tracehub.resources import templates_dir


def render_error_page(status: int, title: str, detail: str, request_id: str, *, fragment: bool) -> str:
    """The whole page, or for a fragment only what stands in its place."""
    template = _template("error.html")
    context = {"status": status, "title": title, "detail": detail, "request_id": request_id}
    if fragment:
        return "".join(template.blocks["problem"](template.new_context(context)))
    return template.render(context)


@cache
def _template(name: str) -> Template:
    return Environment(
        loader=FileSystemLoader(templates_dir()), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    ).get_template(name)
