"""What the configuration of an API agent must look like. Keys never stand in it: it names the secrets that hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from chainbot_desktop.agents.kind import AgentConfig
from chainbot_desktop.agents.kinds.api.headers import MOST_HEADERS, doubled, is_key, name_problem, value_problem
from chainbot_desktop.core.settings import HttpUrl

Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
SecretName = Annotated[str, Field(min_length=1, max_length=200)]


class Authentication(BaseModel):
    """`secret` is the name of a key that `chainbot-desktop secret set` keeps; the key itself never stands here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["none", "bearer", "header", "basic"] = "none"
    secret: str = Field("", max_length=200, description="Name of the secret that holds the key or password.")
    header: str = Field("X-API-Key", max_length=100, description="Header that carries the key, for the type header.")
    user: str = Field("", max_length=200, pattern=r"^[^:\x00-\x1f]*$", description="User name, for the type basic.")

    @field_validator("header")
    @classmethod
    def _free(cls, header: str) -> str:
        if problem := name_problem(header):
            raise ValueError(f"the name of a header: {problem}")
        return header

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.type != "none" and not self.secret:
            raise ValueError("the name of a secret")
        return self

    @property
    def sets(self) -> str:
        """The header that carries the key; "" without authentication."""
        return {"none": "", "header": self.header}.get(self.type, "Authorization")


class ApiConfig(AgentConfig):
    base_url: HttpUrl = Field(description="Address below which everything is that it may call.")
    auth: Authentication = Authentication()
    headers: Mapping[str, str] = Field(default_factory=dict, description="Headers that every request has; no keys.")
    secret_headers: Mapping[str, SecretName] = Field(
        default_factory=dict, description="Headers whose values are secrets: the name of the secret for each."
    )
    openapi: str = Field("", max_length=2000, description="OpenAPI document: a file, or a path below the base address.")
    allowed_methods: tuple[Method, ...] = Field(("GET", "HEAD"), description="Methods that need no approval.")
    timeout: float = Field(30, gt=0, le=600, description="Seconds that one request may take.")

    @field_validator("base_url")
    @classmethod
    def _plain(cls, url: HttpUrl) -> HttpUrl:
        if url.username or url.password or url.query or url.fragment:
            raise ValueError("an address without user, query and fragment")
        return url

    @field_validator("headers", "secret_headers")
    @classmethod
    def _free(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        for name in headers:
            if problem := name_problem(name):
                raise _refused(problem)
        if len(headers) > MOST_HEADERS:
            raise _refused(f"there are more than {MOST_HEADERS}")
        if name := doubled(headers):
            raise _refused(f"{name} is there twice")
        return headers

    @field_validator("headers")
    @classmethod
    def _sayable(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        for name, value in headers.items():
            if is_key(name):
                raise _refused(f"{name} is secret: keep it with chainbot-desktop secret set, and name it in secret_headers")
            if problem := value_problem(value):
                raise _refused(f"the value of {name} cannot be sent: {problem}")
        return headers

    @field_validator("secret_headers")
    @classmethod
    def _set_once(cls, named: Mapping[str, str], info: Any) -> Mapping[str, str]:
        """Fields that are wrong themselves are not in `info.data`."""
        auth: Authentication | None = info.data.get("auth")
        others = [*info.data.get("headers", ()), *([auth.sets] if auth is not None and auth.sets else [])]
        if name := doubled([*others, *named]):
            raise _refused(f"{name} is set already, by headers or by the authentication")
        return named

    @property
    def sets(self) -> frozenset[str]:
        """The headers that a task cannot set, in small letters."""
        return frozenset(name.lower() for name in (*self.headers, *self.secret_headers, self.auth.sets) if name)


def _refused(problem: str) -> PydanticCustomError:
    """What was given is not repeated: a key may stand in it, at the wrong place."""
    return PydanticCustomError("not_shown", "{problem}", {"problem": problem})
