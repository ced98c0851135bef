"""What every request passes before any handler sees it."""

from fastapi import FastAPI

from tracehub.web.dependencies import Dependencies
from tracehub.web.safety.authentication import Authentication
from tracehub.web.safety.bodies import BodyLimit
from tracehub.web.safety.failures import Failures
from tracehub.web.safety.headers import SecurityHeaders
from tracehub.web.safety.hosts import HostCheck
from tracehub.web.safety.origins import OriginCheck
from tracehub.web.safety.paths import PathCheck
from tracehub.web.safety.request_ids import RequestIds


def guarded(app: FastAPI, dependencies: Dependencies) -> None:
    """Puts the checks in front of `app`; a request passes them in the reverse of the order written here."""
    settings = dependencies.settings
    keys = tuple(key.get_secret_value() for key in settings.api_keys)
    app.add_middleware(BodyLimit, max_body_bytes=settings.max_body_bytes, seconds=settings.body_timeout_seconds)
    app.add_middleware(Authentication, keys=keys, clock=dependencies.clock)
    app.add_middleware(OriginCheck)
    app.add_middleware(
        HostCheck, names=(settings.host, *settings.allowed_hosts), any_name=bool(keys) and not settings.allowed_hosts
    )
    app.add_middleware(PathCheck)
    app.add_middleware(Failures)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(RequestIds)
