"""/proxy-keys: the keys with which callers use the proxy."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from tracehub.errors import PermanentError
from tracehub.model.proxy_key import IssuedKey, KeyTerms, lasting, read_terms
from tracehub.store import proxy_keys
from tracehub.web.api import answers
from tracehub.web.api.describe import answer, issued_key, proxy_key
from tracehub.web.api.parameters import NOT_FOUND, Responses
from tracehub.web.dependencies import Parts, Reading

router = APIRouter(tags=["proxy keys"])
KeyId = Annotated[str, Path(pattern="^[A-Z0-9]{16,64}$")]
_BAD: Responses = {400: {"model": answers.Problem}, 422: {"model": answers.Problem}}


class Wanted(BaseModel):
    """What a new key may do. Empty lists mean everything; a call has to fit each list that is not empty."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="for people", max_length=100)
    agents: list[str] = Field(default=[], max_length=100)
    aliases: list[str] = Field(default=[], max_length=100)
    operations: list[str] = Field(default=[], description="such as InvokeAgent", max_length=100)
    requests_per_second: float | None = None
    region: str | None = Field(default=None, description="where AWS is called; else the proxy's own region")
    role_arn: str | None = Field(default=None, description="the role as which AWS is called; else the proxy's own")
    external_id: str | None = Field(default=None, description="what the role's trust policy asks for")
    expires_in: str | None = Field(default=None, description="how long it is good, such as 90d; else for ever")


class Rotation(BaseModel):
    """How a key changes its secret."""

    model_config = ConfigDict(extra="forbid")

    overlap: str = Field(default="24h", description="how long the secret before stays good, such as 24h or 0s")


@router.get("/proxy-keys", response_model=answers.ProxyKeys)
def list_keys(parts: Parts, connection: Reading) -> Response:
    """Every key, the oldest first, with those that are no longer good. No secrets: they are not kept."""
    now = parts.clock()
    return answer({"items": [proxy_key(key, now) for key in proxy_keys.every(connection)]})


@router.post("/proxy-keys", response_model=answers.IssuedProxyKey, status_code=201, responses=_BAD)
def create_key(wanted: Wanted, parts: Parts) -> Response:
    """Makes a key. Its secret is in this answer and nowhere else."""
    return _shown_once(parts.issue_key(_terms(wanted, parts.clock())), parts.clock(), 201)


@router.post("/proxy-keys/{key_id}/rotate", response_model=answers.IssuedProxyKey, responses={**NOT_FOUND, **_BAD})
def rotate_key(key_id: KeyId, wanted: Rotation, parts: Parts) -> Response:
    """Gives a key a new secret, which is in this answer and nowhere else."""
    return _shown_once(parts.renew_key(key_id, _length(wanted.overlap, "overlap")), parts.clock(), 200)


@router.post("/proxy-keys/{key_id}/revoke", response_model=answers.ProxyKey, responses=NOT_FOUND)
def revoke_key(key_id: KeyId, parts: Parts) -> Response:
    """Ends a key for good, with every secret it has."""
    now = parts.clock()
    with parts.writing() as connection:
        key = proxy_keys.revoke(connection, key_id, now=now)
    return answer(proxy_key(key, now))


def _terms(wanted: Wanted, now: int) -> KeyTerms:
    said = wanted.model_dump(exclude={"expires_in"}, exclude_defaults=True)
    if wanted.expires_in is not None:
        said["expires_at"] = now + _length(wanted.expires_in, "expires_in")
    try:
        return read_terms(said)
    except PermanentError as error:
        raise HTTPException(422, str(error)) from error


def _length(text: str, name: str) -> int:
    try:
        return lasting(text)
    except PermanentError as error:
        raise HTTPException(422, f"{name}: {error}") from error


def _shown_once(issued: IssuedKey, now: int, status: int) -> Response:
    response = answer(issued_key(issued, now), status)
    response.headers["Cache-Control"] = "no-store"
    return response
