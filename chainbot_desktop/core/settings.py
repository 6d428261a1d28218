"""Every setting of the program: its type, default, limits and meaning. Where values come from is `app/configuration.py`'s business.

The sections are those that existing installations carry in `config.yaml`. A key that is not known is reported and ignored, so that an
older file still starts the program; a known key with a wrong value stops it.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AnyUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    UrlConstraints,
    field_validator,
    model_validator,
)

HttpUrl = Annotated[AnyUrl, UrlConstraints(allowed_schemes=["http", "https"], host_required=True)]
WebSocketUrl = Annotated[AnyUrl, UrlConstraints(allowed_schemes=["ws", "wss"], host_required=True)]


def _split(value: object) -> object:
    """A list in an environment variable is written with commas."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ServerSettings(Section):
    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0 for every interface.")
    port: int = Field(9000, ge=1, le=65535, description="Port to listen on.")
    max_body_bytes: int = Field(1024 * 1024, ge=1024, le=64 * 1024 * 1024, description="Largest request body, in bytes.")


class AlexOsSettings(Section):
    enabled: bool = Field(True, description="Whether to look for ALEX OS at all.")
    registry_url: HttpUrl = Field(AnyUrl("http://10.42.69.208:8000"), description="Where ALEX OS answers.")
    event_bus_url: WebSocketUrl = Field(AnyUrl("ws://10.42.69.208:8000/ws/events"), description="Its event bus.")
    webhook_url: HttpUrl | None = Field(None, description="Where ALEX OS reaches us; worked out from host and port if empty.")
    health_interval: float = Field(60, ge=1, le=3600, description="Seconds between health reports.")
    registration_retry: float = Field(30, gt=0, le=3600, description="First step of the registration backoff, in seconds.")
    max_registration_attempts: int = Field(
        10, ge=1, le=10_000, description="After so many failures attention is raised; trying goes on at the longest interval."
    )
    api_key: SecretStr | None = Field(None, description="Bearer token for ALEX OS, where it wants one.")
    timeout: float = Field(10, gt=0, le=120, description="Seconds that one request to ALEX OS may take.")


class ChainBotSettings(Section):
    name: str = Field("chainbot", min_length=1, max_length=100, description="The name this program registers under.")
    role: str = Field("workflow_orchestrator", min_length=1, max_length=100, description="The role it registers.")


class ModelServerSettings(Section):
    api_key: SecretStr | None = Field(None, description="Key of the model server; the keyring's `model.NAME` if empty.")
    base_url: HttpUrl | None = Field(None, description="Address of its API; the provider's own if empty.")
    model: str | None = Field(None, description="Model to ask for where none is named.")
    pictures: bool | None = Field(
        None, description="Whether its models take pictures; those of OpenAI and Anthropic do if empty, others do not."
    )


class NamedModelServer(ModelServerSettings):
    """A server that speaks OpenAI's protocol: Ollama, llama.cpp, LM Studio, vLLM. `base_url` usually ends with /v1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,49}$")
    base_url: HttpUrl


class ModelsSettings(Section):
    order: Annotated[tuple[str, ...], BeforeValidator(_split)] = Field(
        (), description="Providers in the order in which they are asked where no model is named."
    )
    servers: tuple[NamedModelServer, ...] = Field((), description="Servers that speak OpenAI's protocol; each name only once.")
    local_enabled: bool = Field(True, description="Whether the embedded model may be started.")
    local_model: Path | None = Field(None, description="A GGUF file in place of the embedded model.")
    idle_minutes: float = Field(10, gt=0, le=1440, description="Minutes after which the unused local model is stopped.")
    context_tokens: int = Field(4096, ge=512, le=1_048_576, description="Context of the local model, in tokens.")

    @field_validator("servers")
    @classmethod
    def _names_differ(cls, servers: tuple[NamedModelServer, ...]) -> tuple[NamedModelServer, ...]:
        names = {server.name for server in servers}
        if len(names) < len(servers) or names & {"openai", "anthropic", "maclink", "local"}:
            raise ValueError("each name only once, and none of openai, anthropic, maclink, local")
        return servers


class WebSocketSettings(Section):
    heartbeat: float = Field(30, ge=1, le=600, description="Seconds between pings to a client.")
    queue_frames: int = Field(1000, ge=10, le=100_000, description="Frames kept for a slow client before the oldest go.")
    max_connections: int = Field(200, ge=1, le=10_000, description="Clients at a time.")


class SecuritySettings(Section):
    secret_store: Literal["auto", "keyring", "file"] = Field(
        "auto", description="Where secrets are kept: the keyring if it answers, else a 0600 file; or one of them by name."
    )
    trusted_webhook_sources: Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_split)] = Field(
        (), description="Addresses or networks whose webhooks need no token."
    )
    secret_key: SecretStr | None = Field(None, description="Read from existing installations; not used yet.")


class LoggingSettings(Section):
    level: Literal["debug", "info", "warning", "error", "critical"] = Field("info", description="Least level that is logged.")
    file: Path | None = Field(None, description="A file to log to besides standard error.")
    format: Literal["auto", "json", "text"] = Field("auto", description="JSON, text, or text on a terminal and JSON elsewhere.")


class LogsSettings(Section):
    kept_bytes: int = Field(
        32 * 1024 * 1024,
        ge=1024 * 1024,
        le=4 * 1024**3,
        description="Memory that the timeline of log lines may take, in bytes.",
    )
    journald: Literal["auto", "on", "off"] = Field(
        "auto", description="Whether the system journal is in the timeline; auto: as it was switched last, off at first."
    )
    access: Literal["auto", "on", "off"] = Field(
        "auto", description="Whether requests to the server are in the timeline; auto: as it was switched last, on at first."
    )


class DatabaseSettings(Section):
    url: str | None = Field(
        None, description="sqlite:///PATH of the database; the data directory's own if empty.", pattern=r"^sqlite:///.+"
    )


class AuditSettings(Section):
    keep_days: int | None = Field(None, ge=7, le=36_500, description="Days that events are kept; for ever if empty.")
    keep_events: int | None = Field(
        None,
        ge=1000,
        le=1_000_000_000,
        description="Newest events that are kept; all if empty. With both, what both let go goes.",
    )
    verify_daily: bool = Field(True, description="Whether the hash chain is verified once a day.")
    enabled: bool = Field(True, description="Read from existing installations; the audit trail is always kept.")


class WorkspaceSettings(Section):
    root: Path | None = Field(None, description="Folder the Code Agent window opens; the last one used, or home, if empty.")


class ChatSettings(Section):
    attachment_bytes: int = Field(
        20 * 1024 * 1024, ge=1024, le=256 * 1024 * 1024, description="Largest file that a message may carry, in bytes."
    )
    attachments: int = Field(10, ge=1, le=100, description="Files that one message may carry.")
    image_megapixels: float = Field(40, gt=0, le=400, description="Largest picture that a message may carry, in megapixels.")
    recall: bool = Field(True, description="Whether conversations recall, where a person did not say so for one.")
    recall_share: float = Field(0.2, ge=0.01, le=0.8, description="Share of a model's context that may be recalled.")
    recall_tokens: int = Field(2000, ge=100, le=100_000, description="Most that is recalled for a turn, in tokens.")
    recall_workspace: bool = Field(True, description="Whether files of the open workspace are indexed and recalled.")
    summarise_above: float = Field(
        0.7, ge=0.0, le=0.95, description="Share of a model's context above which older messages are summarised; 0: never."
    )
    assumed_context: int = Field(32_768, ge=512, le=10_000_000, description="Context of models that do not tell, in tokens.")


class GuiSettings(Section):
    theme: Literal["auto", "dark", "light"] = Field("auto", description="Colours; auto follows the desktop.")
    text_size: Literal["smaller", "normal", "larger", "large", "largest"] = Field("normal", description="Size of text.")
    fullscreen: bool = Field(False, description="Fill the screen without a frame.")
    width: int = Field(1280, ge=320, le=16_384, description="Width of the window, in pixels.")
    height: int = Field(800, ge=240, le=16_384, description="Height of the window, in pixels.")


class AgentsSettings(Section):
    max_agents: int = Field(20, ge=1, le=1000, description="Agents that may run here at a time.")
    max_depth: int = Field(3, ge=1, le=10, description="How deep agents may call agents.")
    max_queue: int = Field(100, ge=1, le=10_000, description="Tasks that may wait for one agent.")
    wall_seconds: float = Field(3600, gt=0, le=604_800, description="Longest that one task may take, waiting for people apart.")
    run_tokens: int | None = Field(1_000_000, ge=1, description="Tokens that one task may use, with the tasks it causes.")
    run_cost: float | None = Field(2.0, gt=0, description="US dollars that one task may cost, with the tasks it causes.")
    day_tokens: int | None = Field(10_000_000, ge=1, description="Tokens that all agents together may use a day (UTC).")
    day_cost: float | None = Field(10.0, gt=0, description="US dollars that all agents together may cost a day (UTC).")
    start_seconds: float = Field(60, gt=0, le=3600, description="Seconds that an agent may take until it is ready.")


class ToolRule(BaseModel):
    """What may happen to a tool's calls. A misspelt key must not be obeyed by half: unknown ones are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: str = Field("*", min_length=1, max_length=200, description="The tool; * stands for any letters.")
    pattern: str = Field("*", min_length=1, max_length=4096, description="The path, command or address; see docs.")
    action: Literal["allow", "ask", "deny"]


class ToolsSettings(Section):
    policy: tuple[ToolRule, ...] = Field(
        (), description="Rules for the tools of all agents; the most specific wins, deny is final."
    )
    sandbox: Literal["auto", "off"] = Field("auto", description="Run commands under bubblewrap where it works, or never.")
    command_timeout: float = Field(600, ge=1, le=86_400, description="Longest that one command may take, in seconds.")
    fetch_timeout: float = Field(30, ge=1, le=600, description="Longest that one fetch of a URL may take, in seconds.")
    fetch_bytes: int = Field(2 * 1024 * 1024, ge=1024, le=64 * 1024 * 1024, description="Most that is read of a URL, in bytes.")
    output_characters: int = Field(30_000, ge=1000, le=1_000_000, description="Longest answer of a tool to a model.")


class McpServer(BaseModel):
    """A tool server: a program (`command`) or an address (`url`). A value "secret:NAME" stands for a secret of the keyring."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9](?:_?[a-z0-9-])*$", max_length=32)
    command: str | None = Field(None, min_length=1)
    args: tuple[str, ...] = ()
    env: dict[str, SecretStr] = Field(default_factory=dict)
    url: HttpUrl | None = None
    headers: dict[str, SecretStr] = Field(default_factory=dict)
    start_seconds: float = Field(20, gt=0, le=600)
    call_seconds: float = Field(60, gt=0, le=3600)
    enabled: bool = True

    @model_validator(mode="after")
    def _one_way_to_reach_it(self) -> McpServer:
        if (self.command is None) == (self.url is None):
            raise ValueError("either a command or a url")
        return self


class McpSettings(Section):
    servers: tuple[McpServer, ...] = Field((), description="Tool servers (Model Context Protocol); each name only once.")

    @field_validator("servers")
    @classmethod
    def _names_differ(cls, servers: tuple[McpServer, ...]) -> tuple[McpServer, ...]:
        if len({server.name for server in servers}) < len(servers):
            raise ValueError("each name only once")
        return servers


class CoderProgram(BaseModel):
    """How a coding agent is started. The name of a preset (`claude-code`, `codex-cli`, ...) replaces that one's command line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=50)
    command: tuple[str, ...] = Field(min_length=1, max_length=1000)

    @field_validator("name")
    @classmethod
    def _not_the_one_without_a_name(cls, name: str) -> str:
        if name == "custom":
            raise ValueError("another name than custom: that is the one whose command stands in the agent's configuration")
        return name

    @field_validator("command")
    @classmethod
    def _a_program_first(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        if not command[0].strip() or any("\0" in word for word in command):
            raise ValueError("a program and its arguments")
        return command


class CoderSettings(Section):
    programs: tuple[CoderProgram, ...] = Field(
        (), description="Command lines of coding agents (Agent Client Protocol) by name; each name only once."
    )

    @field_validator("programs")
    @classmethod
    def _names_differ(cls, programs: tuple[CoderProgram, ...]) -> tuple[CoderProgram, ...]:
        if len({program.name for program in programs}) < len(programs):
            raise ValueError("each name only once")
        return programs


class DeliveriesSettings(Section):
    incoming_days: float = Field(
        7, gt=0, le=3650, description="Days for which webhooks that came in are kept with their bodies."
    )
    incoming_rows: int = Field(200_000, ge=100, le=10_000_000, description="Most webhooks kept; beyond, the oldest go.")
    refused_rows: int = Field(
        2_000, ge=4, le=1_000_000, description="Refused webhooks kept a day; a quarter more of strangers."
    )
    refused_bytes: int = Field(
        8 * 1024 * 1024, ge=0, le=1024**3, description="Bodies of refused webhooks kept a day, in bytes; never of strangers."
    )


class AlertChannel(BaseModel):
    """Where alerts are told. The secret `alerts.NAME` of the keyring signs a webhook, is the password of a mail server, or holds the
    addresses for apprise.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9](?:[_-]?[a-z0-9])*$", max_length=50)
    kind: Literal["webhook", "email", "apprise"]
    enabled: bool = True
    severity: Literal["info", "warning", "critical"] = Field("warning", description="The least that is told.")
    resolved: bool = Field(False, description="Whether it is told that an alert is over, too.")
    url: HttpUrl | None = Field(None, description="Where a webhook is posted.")
    host: str = Field("", max_length=253, description="The mail server.")
    port: int = Field(587, ge=1, le=65535)
    encryption: Literal["starttls", "tls", "none"] = "starttls"
    ca_file: Path | None = Field(None, description="Certificate of one's own authority, for a mail server in the house.")
    user: str = Field("", max_length=200, description="Name for the mail server; its password is the secret.")
    sender: str = Field("", max_length=320, description="From whom the mail is; the user if empty.")
    to: tuple[Annotated[str, Field(max_length=320)], ...] = Field((), max_length=20, description="Who gets the mail.")

    @model_validator(mode="after")
    def _complete(self) -> AlertChannel:
        if self.name in ("panel", "alexos"):
            raise ValueError(f"another name than {self.name}: that channel is there already")
        if self.kind == "webhook" and self.url is None:
            raise ValueError("a webhook needs a url")
        if self.kind == "email" and not (self.host and self.to and (self.sender or self.user)):
            raise ValueError("an email needs host, to, and sender or user")
        if any("@" not in address or any(c.isspace() or not c.isprintable() for c in address) for address in self.to):
            raise ValueError("to: addresses like name@example.org")
        return self


ClockTime = Annotated[str, Field(pattern=r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9])?$")]
"""HH:MM, or empty."""


class AlertsSettings(Section):
    enabled: bool = Field(True, description="Whether rules are looked at and alerts are made.")
    panel: bool = Field(True, description="Whether the panel lights up and sounds.")
    alexos: bool = Field(True, description="Whether ALEX OS is told (as attention_required).")
    alexos_severity: Literal["info", "warning", "critical"] = Field("warning", description="The least that ALEX OS is told.")
    channels: tuple[AlertChannel, ...] = Field((), description="Who else is told; each name only once.")
    quiet_from: ClockTime = Field("", description="Quiet hours begin, as HH:MM by this machine's clock; empty for none.")
    quiet_to: ClockTime = Field("", description="Quiet hours end.")
    critical_breaks_quiet: bool = Field(True, description="Whether critical alerts are told in quiet hours.")
    gather: float = Field(5, ge=0, le=600, description="Seconds in which several alerts become one message.")
    give_up: float = Field(
        86_400, ge=60, le=2_592_000, description="Seconds after which an alert that nobody took is given up."
    )

    @field_validator("channels")
    @classmethod
    def _names_differ(cls, channels: tuple[AlertChannel, ...]) -> tuple[AlertChannel, ...]:
        if len({channel.name for channel in channels}) < len(channels):
            raise ValueError("each name only once")
        return channels


class Settings(Section):
    """All sections. `workflow` and `agent` of existing files hold nothing that this version reads."""

    server: ServerSettings = ServerSettings()
    alex_os: AlexOsSettings = AlexOsSettings()
    chainbot: ChainBotSettings = ChainBotSettings()
    openai: ModelServerSettings = ModelServerSettings()
    anthropic: ModelServerSettings = ModelServerSettings()
    maclink: ModelServerSettings = ModelServerSettings()
    models: ModelsSettings = ModelsSettings()
    websocket: WebSocketSettings = WebSocketSettings()
    security: SecuritySettings = SecuritySettings()
    logging: LoggingSettings = LoggingSettings()
    logs: LogsSettings = LogsSettings()
    database: DatabaseSettings = DatabaseSettings()
    audit: AuditSettings = AuditSettings()
    workspace: WorkspaceSettings = WorkspaceSettings()
    agents: AgentsSettings = AgentsSettings()
    tools: ToolsSettings = ToolsSettings()
    mcp: McpSettings = McpSettings()
    coder: CoderSettings = CoderSettings()
    chat: ChatSettings = ChatSettings()
    deliveries: DeliveriesSettings = DeliveriesSettings()
    gui: GuiSettings = GuiSettings()
    alerts: AlertsSettings = AlertsSettings()
