"""Which model an id or ARN of Amazon Bedrock names."""

import re
from collections.abc import Iterator

_REGIONS = re.compile(r"(?:us-gov|us|eu|apac|global|jp|au|ca)\.")
_VERSION = re.compile(r"(?:-v\d+)?(?::\w+){0,2}\Z", re.ASCII)
_MODEL = re.compile(r"[a-z0-9]+\.[a-z][\w.\-]*", re.ASCII)
_RESOURCE = re.compile(r"arn:aws[\w\-]*:bedrock:[^:]*:[^:]*:(foundation-model|inference-profile)/(.+)", re.ASCII)
_LONGEST_ID = 2048


def model_of(model_id: str | None) -> str | None:
    """The model's name without ARN, region and version: `anthropic.claude-3-haiku-20240307`.

    None where the id does not say which model it is, as those of application inference profiles, provisioned
    throughput and imported models.
    """
    if not model_id or len(model_id) > _LONGEST_ID:
        return None
    resource = _resource(model_id)
    if resource is None:
        return None
    name = _without_version(_without_region(resource))
    return name if _MODEL.fullmatch(name) else None


def names_of(model_id: str) -> Iterator[str]:
    """Every name under which a table may know the model, the most specific first."""
    yield model_id
    if len(model_id) > _LONGEST_ID:
        return
    yield model_id.rpartition("/")[2]
    if resource := _resource(model_id):
        yield from (resource, _without_version(resource), _without_region(resource))
    if name := model_of(model_id):
        yield name


def _resource(model_id: str) -> str | None:
    if not model_id.startswith("arn:"):
        return model_id
    found = _RESOURCE.fullmatch(model_id)
    return found[2] if found else None


def _without_region(name: str) -> str:
    return _REGIONS.sub("", name, count=1) if _REGIONS.match(name) else name


def _without_version(name: str) -> str:
    return _VERSION.sub("", name, count=1)
