"""Reads the extended thinking that Bedrock reports beside a model's completion."""

from tracehub.foundation.content_blocks import REDACTED
from tracehub.members import Json, mapping, mappings, text


def reasoning(output_value: Json) -> str | None:
    """The reasoning in a `modelInvocationOutput`; `[redacted by the model]` where only its cipher is there."""
    said = [
        text(mapping(block, "reasoningText"), "text") or (REDACTED if block.get("redactedContent") else None)
        for block in mappings(output_value, "reasoningContent")
    ]
    return "\n".join(part for part in said if part) or None
