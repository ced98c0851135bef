"""The exported form of every kind of span, held against files.

`TRACEHUB_WRITE_GOLDEN=1 pytest tests/exporters/test_golden.py` writes them anew: read the difference before it is kept.
"""

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.exporters.example import example
from tracehub.exporters.files import otlp_json
from tracehub.exporters.links import Links, SpanRef
from tracehub.exporters.mapping import resource_spans
from tracehub.exporters.terms import Content, Dialect, Profile, Terms

GOLDEN = Path(__file__).parent / "golden"
_OTHER = SpanRef(trace_id="a" * 32, span_id="b" * 16)
_LINKS = Links(previous_turn=_OTHER, return_of_control=_OTHER)
_TERMS = {
    "genai": Terms(content=Content.FULL, environment="production", instance_id="laptop"),
    "genai-content-off": Terms(),
    "genai-truncated": Terms(content=Content.TRUNCATED, content_chars=120),
    "genai-dev": Terms(profile=Profile.GENAI_DEV, content=Content.FULL),
    "openinference": Terms(dialect=Dialect.OPENINFERENCE, content=Content.FULL),
    "datadog": Terms(dialect=Dialect.DATADOG, content=Content.FULL, service_name="travel", environment="production"),
}


@pytest.mark.parametrize("name", _TERMS)
def test_every_kind_of_span_is_exported_as_its_file_says(name: str) -> None:
    found = _by_kind(_TERMS[name])
    if os.environ.get("TRACEHUB_WRITE_GOLDEN"):
        _write(name, found)
    files = sorted((GOLDEN / name).iterdir())
    assert {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files} == found


def _by_kind(terms: Terms) -> dict[str, Any]:
    """The resources, and the spans by the first word of their names, in the order they are sent."""
    trace = example()
    document: Any = otlp_json(resource_spans(trace, terms, _LINKS))
    found: dict[str, list[Any]] = defaultdict(list)
    for resource in document["resourceSpans"]:
        [scope] = resource["scopeSpans"]
        for span in scope.pop("spans"):
            found[span["name"].partition(" ")[0]].append(span)
        scope["scope"]["version"] = "of tracehub"
        found["resources"].append(resource)
    return found


def _write(name: str, found: dict[str, Any]) -> None:
    folder = GOLDEN / name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for kind, spans in found.items():
        (folder / f"{kind}.json").write_text(json.dumps(spans, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
