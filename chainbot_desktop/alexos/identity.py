"""Who we are to ALEX OS: the documented registration and that of the observed one, and the agents of ours it should list."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from uuid import NAMESPACE_URL, UUID, uuid5

from chainbot_desktop.core.ids import new_id, utc_now
from chainbot_desktop.core.json_codec import JsonObject
from chainbot_desktop.core.ports import Preferences

_UUID_NAME = "alexos.uuid"
TRUE_TODAY: tuple[str, ...] = (
    "agent_manager",
    "multi_agent_coordination",
    "websocket",
    "real_time_monitoring",
    "audit_logging",
)
WINDOWS: tuple[str, ...] = ("Agent Map Window", "Code Agent Window", "Chat Window", "Watchtower Window")


@dataclass(frozen=True, slots=True)
class Identity:
    """`uuid` is ours for ever on this machine; `agent_name` is what people call us."""

    uuid: str
    agent_name: str
    agent_version: str
    role: str
    port: int
    event_bus_url: str
    webhook_url: str
    headless: bool = False
    has_models: Callable[[], bool] = lambda: False
    """Whether a model can be asked: looked at when we register."""
    endpoints: tuple[str, ...] = (
        "/api/agents/*",
        "/api/entanglements/*",
        "/api/gpt/*",
        "/api/audit/*",
        "/api/websockets/*",
        "/api/webhooks/chainbot/*",
    )
    registration_time: str = field(default_factory=utc_now)

    @property
    def capabilities(self) -> tuple[str, ...]:
        gui = () if self.headless else ("gui",)
        models = ("gpt_integration",) if self.has_models() else ()
        return (*gui, *TRUE_TODAY, *models)

    def documented(self) -> JsonObject:
        return {
            "agent_name": self.agent_name,
            "agent_version": self.agent_version,
            "role": self.role,
            "capabilities": list(self.capabilities),
            "ui_features": [] if self.headless else list(WINDOWS),
            "endpoints": list(self.endpoints),
            "port": self.port,
            "health_endpoint": "/health",
            "event_bus_url": self.event_bus_url,
            "webhook_url": self.webhook_url,
            "registration_time": self.registration_time,
        }

    def observed(self) -> JsonObject:
        """Every field has a value: a null `status` or `score` would break every listing of the observed ALEX OS."""
        details = {name: value for name, value in self.documented().items() if name != "agent_name"}
        return _observed_row(self.uuid, self.agent_name, self.role, "ChainBot Desktop", details)

    def announced_uuid(self, agent_id: str) -> str:
        """The id under which the observed ALEX OS lists an agent of ours."""
        return _announced_uuid(self.uuid, agent_id)


@lru_cache(maxsize=4096)
def _announced_uuid(own: str, agent_id: str) -> str:
    # Asked for each of our agents at every comparison of the indexes.
    return str(uuid5(UUID(own), agent_id))


@dataclass(frozen=True, slots=True)
class OwnAgent:
    """An agent of this house, as ALEX OS should list it."""

    agent_id: str
    agent_name: str
    agent_type: str = "agent"
    status: str = "online"

    def documented(self) -> JsonObject:
        return {
            "agent_id": self.agent_id,
            "agent_name": self.agent_name,
            "agent_type": self.agent_type,
            "status": self.status,
        }

    def observed(self, identity: Identity) -> JsonObject:
        uuid = identity.announced_uuid(self.agent_id)
        return _observed_row(uuid, self.agent_name, self.agent_type, "", {"agent_id": self.agent_id}, identity.agent_name)


async def own_uuid(preferences: Preferences) -> str:
    """Our id for ever on this machine: made at the first call, remembered with the preferences."""
    known = await preferences.get(_UUID_NAME)
    try:
        return str(UUID(known))
    except (TypeError, ValueError, AttributeError):
        made = new_id()
        await preferences.set(_UUID_NAME, made)
        return made


def announcement_id(identity: Identity, agent_id: str) -> str:
    """The event id of an announcement: the same each time, so that it counts once."""
    return str(uuid5(NAMESPACE_URL, f"{identity.uuid}/announced/{agent_id}"))


def _observed_row(
    uuid: str, name: str, agent_type: str, description: str, metadata: JsonObject, owner: str = "chainbot"
) -> JsonObject:
    return {
        "uuid": uuid,
        "name": name,
        "agent_type": agent_type,
        "owner": owner,
        "description": description,
        "status": "online",
        "score": 1.0,
        "agent_metadata": metadata,
        "crypto_id": "",
    }


def reachable_url(host: str, port: int, registry_host: str, wildcards: Sequence[str] = ("0.0.0.0", "::", "")) -> str:  # noqa: S104
    """Where ALEX OS reaches us. Listening everywhere, it is the address from which this machine would speak to it."""
    if host in wildcards:
        host = _own_address(registry_host) or socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _own_address(registry_host: str) -> str | None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(registry_host, 9, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(address)  # sends nothing: it only chooses a route
            return str(probe.getsockname()[0])
    except OSError:
        return None
