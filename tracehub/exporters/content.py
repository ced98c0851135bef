"""What a destination gets of prompts, answers, arguments and results: nothing, a part, or all."""

from collections.abc import Sequence

from tracehub.exporters.otel_span import Attributes
from tracehub.exporters.semconv import TRUNCATED
from tracehub.exporters.shortening import LEAST, json_text, json_value, shortened, shortened_text
from tracehub.exporters.terms import Content, Dialect, Terms

# Datadog cuts a value at 25,000 characters, which would leave broken JSON.
_DATADOG_CHARS = 24_000


class ContentRule:
    """Writes content into attributes as the terms allow. Ask `wanted` before preparing any."""

    __slots__ = ("chars", "wanted")

    def __init__(self, terms: Terms) -> None:
        self.wanted = terms.content is not Content.OFF
        limits = []
        if terms.content is Content.TRUNCATED:
            limits.append(max(LEAST, terms.content_chars))
        if terms.dialect is Dialect.DATADOG:
            limits.append(_DATADOG_CHARS)
        self.chars = min(limits, default=None)

    def put_json(self, attributes: Attributes, name: str, value: Sequence[object] | dict[str, object]) -> None:
        """The value as a JSON text; nothing where it is empty or content is unwanted."""
        if not self.wanted or not value:
            return
        whole = json_text(value)
        if self.chars is not None and len(whole) > self.chars:
            whole = shortened(value, self.chars)
            attributes[TRUNCATED] = True
        attributes[name] = whole

    def put_text(self, attributes: Attributes, name: str, text: str | None) -> None:
        """The text; nothing where there is none or content is unwanted."""
        if not self.wanted or text is None:
            return
        if self.chars is not None and len(text) > self.chars:
            text = shortened_text(text, self.chars)
            attributes[TRUNCATED] = True
        attributes[name] = text

    def put_result(self, attributes: Attributes, name: str, text: str | None) -> None:
        """The text, which may be JSON and then stays JSON."""
        too_long = self.wanted and text is not None and self.chars is not None and len(text) > self.chars
        value = json_value(text) if too_long and text else None
        if value is not None:
            self.put_json(attributes, name, value)
        else:
            self.put_text(attributes, name, text)

    def fitted(self, value: dict[str, object]) -> str:
        """What is no content as JSON, within the limit of the back end."""
        return json_text(value) if self.chars is None else shortened(value, max(self.chars, LEAST))
