"""What one destination agreed to receive: its profile, dialect, content and the names it knows us by."""

from enum import StrEnum

import msgspec


class Profile(StrEnum):
    """Which names of the GenAI conventions are written."""

    V1_41 = "1.41"
    GENAI_DEV = "genai-dev"


class Dialect(StrEnum):
    """What is changed in the last step for the back end that reads them."""

    GENAI = "genai"
    OPENINFERENCE = "openinference"
    DATADOG = "datadog"


class Content(StrEnum):
    """How much of prompts, answers, arguments and results leaves."""

    OFF = "off"
    TRUNCATED = "truncated"
    FULL = "full"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How traces are written for one destination.

    `content_chars` is the most characters that one attribute of content has under `truncated`. `service_name` None is
    `bedrock-agent/{agent name or id}`. `resource_attributes` are added to the resource and win over ours. `id_salt`
    makes other trace and span ids of the same traces: for a tenant, or to send again what a back end refuses to
    overwrite.
    """

    profile: Profile = Profile.V1_41
    dialect: Dialect = Dialect.GENAI
    content: Content = Content.OFF
    content_chars: int = 4_000
    service_name: str | None = None
    environment: str | None = None
    instance_id: str | None = None
    region: str | None = None
    account_id: str | None = None
    resource_attributes: dict[str, str] = {}
    id_salt: str | None = None
