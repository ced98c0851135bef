"""Clients that give up soon, for a person who waits."""

from typing import Any

from botocore.config import Config
from botocore.exceptions import InvalidEndpointConfigurationError
from botocore.session import Session

from tracehub.model.source import Access

CONNECT_SECONDS = 3
READ_SECONDS = 10
SESSION_NAME = "tracehub"


def session_of(access: Access) -> Session:
    """What the source and the environment say of credentials and region."""
    session = Session(profile=access.profile)
    if access.region:
        session.set_config_variable("region", access.region)
    return session


def quick_client(session: Session, access: Access, service: str, region: str | None = None) -> Any:
    """BotoCoreError where the profile, the region or the endpoint cannot be used."""
    config = Config(
        retries={"total_max_attempts": 1, "mode": "standard"},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        inject_host_prefix=False,
        user_agent_extra=SESSION_NAME,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    try:
        return session.create_client(service, endpoint_url=access.endpoint_url, region_name=region, config=config)
    except ValueError as error:
        raise InvalidEndpointConfigurationError(msg=str(error)) from error
