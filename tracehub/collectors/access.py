"""Real boto3 clients with the credentials that a source names."""

from typing import Any, cast

import boto3
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    DeferredRefreshableCredentials,
)
from botocore.exceptions import InvalidEndpointConfigurationError
from botocore.session import Session

from tracehub.model.source import Access

SESSION_NAME = "tracehub"
# Waiting and trying again is the collectors' own work: they share one budget, and tell a person why they wait.
_NO_RETRIES = {"total_max_attempts": 1, "mode": "standard"}
CONNECT_SECONDS = 5
READ_SECONDS = 65
_CONNECTIONS = 32


def client(access: Access, service: str) -> Any:
    """A boto3 client of `service`; its credentials renew themselves, also those of an assumed role.

    BotoCoreError where the profile, the region or the endpoint cannot be used.
    """
    try:
        return session_of(access).client(service, endpoint_url=access.endpoint_url, config=_config())
    except ValueError as error:
        raise InvalidEndpointConfigurationError(msg=str(error)) from error


def session_of(access: Access) -> boto3.Session:
    """A session whose credentials renew themselves, also those of an assumed role."""
    session = Session(profile=access.profile)
    if access.region:
        session.set_config_variable("region", access.region)
    if access.role_arn:
        cast("Any", session)._credentials = _assumed(session, access)
    return boto3.Session(botocore_session=session)


def _assumed(session: Session, access: Access) -> DeferredRefreshableCredentials:
    extra = {"RoleSessionName": SESSION_NAME}
    if access.external_id:
        extra["ExternalId"] = access.external_id

    def sts_client(name: str, **options: Any) -> Any:
        return session.create_client(name, endpoint_url=access.endpoint_url, **{**options, "config": _config()})

    fetcher = AssumeRoleCredentialFetcher(sts_client, session.get_credentials(), access.role_arn, extra_args=extra)
    return DeferredRefreshableCredentials(method="assume-role", refresh_using=fetcher.fetch_credentials)


def _config() -> Config:
    return Config(
        retries=_NO_RETRIES,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=_CONNECTIONS,
        inject_host_prefix=False,
        user_agent_extra=SESSION_NAME,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
