"""Every setting, read once from TRACEHUB_* environment variables and checked before anything starts."""

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MIB = 1024 * 1024


class Settings(BaseSettings):
    """Defaults work on a laptop. A bad value stops the start with a message that names the variable."""

    model_config = SettingsConfigDict(env_prefix="TRACEHUB_", extra="ignore")

    database_url: str = "sqlite:///tracehub.db"
    host: str = "127.0.0.1"
    port: int = Field(default=8321, ge=1, le=65535)
    api_keys: Annotated[tuple[SecretStr, ...], NoDecode] = ()
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")

    max_body_bytes: int = Field(default=20 * MIB, ge=1024)
    max_decompressed_bytes: int = Field(default=64 * MIB, ge=1024)
    max_decompression_ratio: int = Field(default=100, ge=2)
    max_event_bytes: int = Field(default=4 * MIB, ge=1024)
    max_depth: int = Field(default=200, ge=10, le=250)
    quarantine_bytes: int = Field(default=MIB, ge=1024)
    body_timeout_seconds: int = Field(default=30, ge=1)
    queue_bytes: int = Field(default=128 * MIB, ge=MIB)
    page_size: int = Field(default=50, ge=1, le=500)

    config_file: Path | None = None
    collect: bool = True
    export: bool = True
    lease_seconds: float = Field(default=30, ge=1, le=600)
    log_settle_seconds: float = Field(default=60, ge=0.5, le=3600)

    proxy: bool = False
    proxy_host: str = "127.0.0.1"
    proxy_port: int = Field(default=8322, ge=0, le=65535)
    proxy_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    proxy_certificate: Path | None = None
    proxy_certificate_key: Path | None = None
    proxy_upstream: str | None = Field(default=None, pattern=r"^https?://[^/?#]+/?$")
    proxy_region: str | None = None
    proxy_open_on_loopback: bool = False
    proxy_force_trace: bool = True
    proxy_attributes: Annotated[tuple[str, ...], NoDecode] = ()
    proxy_max_body_bytes: int = Field(default=25 * MIB, ge=1024)
    proxy_grace_seconds: float = Field(default=60, ge=0)
    proxy_spool: Path = Path("tracehub-spool")
    proxy_spool_bytes: int = Field(default=1024 * MIB, ge=MIB)

    public_url: str | None = Field(default=None, pattern=r"^https?://[^/?#\s]+[^?#\s]*$")
    # Networks inside that alerts and exports may be sent to.
    allowed_networks: Annotated[tuple[str, ...], NoDecode] = ()

    secret_key: SecretStr | None = None
    secret_key_file: Path = Path("tracehub.key")

    rules_file: Annotated[tuple[Path, ...], NoDecode] = ()
    alerts: bool = True

    # tracehub's own spans and metrics; where OTEL_EXPORTER_OTLP_ENDPOINT names a collector it is on without this.
    telemetry: bool = False

    tool_error_rules_file: Path | None = None
    prices_file: Path | None = None

    @field_validator(
        "api_keys",
        "allowed_hosts",
        "proxy_hosts",
        "proxy_attributes",
        "allowed_networks",
        "rules_file",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        """Lists are written with commas between their items."""
        if isinstance(value, str):
            return tuple(item.strip() for item in value.split(",") if item.strip())
        return value

    @field_validator("api_keys")
    @classmethod
    def _long_enough(cls, keys: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(key.get_secret_value()) < 16 for key in keys):
            msg = "each key needs at least 16 characters"
            raise ValueError(msg)
        return keys

    @field_validator("allowed_networks")
    @classmethod
    def _networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ip_network(network)
        return networks

    @field_validator("secret_key")
    @classmethod
    def _secret_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value()) < 32:
            msg = "the secret needs at least 32 characters"
            raise ValueError(msg)
        return key
