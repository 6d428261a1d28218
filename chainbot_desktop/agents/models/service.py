"""The models of the house. Implements `gateway.Models`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import aiohttp

from chainbot_desktop.agents.models.gateway import ModelChoice, ProviderStatus
from chainbot_desktop.agents.models.local_model import LOCAL, LocalModel
from chainbot_desktop.agents.models.model_files import ModelFolder
from chainbot_desktop.agents.models.providers import Access, Provider, access_to, look_at, providers_of, unasked
from chainbot_desktop.agents.processes.child import ChildProcesses
from chainbot_desktop.core.errors import Conflict, InvalidInput, NotFound, Unavailable
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.settings import NamedModelServer, Settings
from chainbot_desktop.core.tasks import Tasks

if TYPE_CHECKING:
    from pydantic_ai.models import Model

    from chainbot_desktop.agents.models.clients import Client

_log = logging.getLogger(__name__)

_SET_UP = "Set up a provider (see docs/agents.md), or add a GGUF file with `chainbot-desktop model add FILE`."
_AVOID_SECONDS = 30.0
"""For which a provider that did not answer is asked after the others."""


class KeyWanted(Unavailable):
    """A server that was to be taken in answers, and wants a key, or another one."""

    def __init__(self, name: str, *, refused: bool) -> None:
        said = f"{name} refused this key." if refused else f"{name} wants a key."
        hint = "It was not kept." if refused else f"Give it, or keep it with `chainbot-desktop secret set model.{name}`."
        super().__init__(said, hint=hint, code="key_refused" if refused else "key_wanted")


class ModelService:
    """Use on the loop's thread, between `open` and `close`; `statuses` answers before that too.

    `secret` gives the keyring's secrets by name and may block. `hide` hears of every key that is read, so that logs leave it out.
    """

    def __init__(
        self,
        settings: Settings,
        secret: Callable[[str], str | None],
        children: ChildProcesses,
        tasks: Tasks,
        folder: ModelFolder,
        *,
        hide: Callable[[str], None],
    ) -> None:
        self._all_settings = settings
        self._settings = settings.models
        self._secret = secret
        self.folder = folder
        self._hide = hide
        self._providers = {provider.name: provider for provider in providers_of(settings, secret)}
        self._statuses = {name: unasked(provider, "") for name, provider in self._providers.items()}
        self._access: dict[str, Access] = {}
        self._avoided: dict[str, float] = {}
        self._clients: dict[str, Client] = {}
        self._retired: list[Client] = []
        self._opening = asyncio.Lock()
        self._prices: Any = None
        self.local = LocalModel(settings.models, folder, children, tasks)

    async def open(self) -> None:
        """Learn which providers are set up; none is asked."""
        await self._look_at_settings()

    async def close(self) -> None:
        for client in (*self._clients.values(), *self._retired):
            await client.close()
        self._clients.clear()
        self._retired.clear()
        await self.local.close()

    def statuses(self) -> Sequence[ProviderStatus]:
        return (*self._statuses.values(), self.local.status)

    async def probe(self, provider: str | None = None) -> Sequence[ProviderStatus]:
        if provider is not None and provider not in {*self._providers, LOCAL}:
            raise NotFound(f"There is no provider {provider!r}.", hint=f"There are {', '.join((*self._providers, LOCAL))}.")
        await self._look_at_settings()
        asked = [known for name, known in self._providers.items() if provider in (None, name)]
        async with aiohttp.ClientSession() as session:
            for status in await asyncio.gather(*(look_at(known, session) for known in asked)):
                self._statuses[status.name] = status
                self._avoid(status.name, status.state != "ready")
        return self.statuses()

    async def take_in(
        self, server: NamedModelServer, *, key: str = "", keep_key: Callable[[], Awaitable[None]] | None = None
    ) -> None:
        """Use a model server from now on, also after a restart. Its key, if it wants one, is the secret `model.NAME`.

        It is asked with `key`, where there is one, and `keep_key` is awaited when it did not refuse it. Conflict where the name is
        taken, InvalidInput for an address with a password (it would be kept in a plain file), KeyWanted where it answers with that,
        Unavailable where it does not answer.
        """
        if server.base_url.username or server.base_url.password:
            raise InvalidInput(
                "An address of a model server holds no user name and no password.",
                hint=f"Keep its key with `chainbot-desktop secret set model.{server.name}`.",
                code="password_in_address",
            )
        if server.name in {*self._providers, LOCAL}:
            raise Conflict(f"There is a provider {server.name!r} already.", hint="Choose another name.", code="name_taken")
        if key:
            self._hide(key)
        secret = self._secret if not key else {f"model.{server.name}": key}.get
        [provider] = [each for each in providers_of(Settings(), secret, (server,)) if each.name == server.name]
        async with aiohttp.ClientSession() as session:
            status = await look_at(provider, session)
        if status.state == "refused":
            raise KeyWanted(server.name, refused=bool(key))
        if status.state != "ready":
            raise Unavailable(f"{server.name} cannot be used: {status.reason}", hint="Look whether it runs, and where.")
        kept = await asyncio.to_thread(self.folder.servers)
        if keep_key is not None:
            await keep_key()
        known = server.model_copy(update={"model": status.default_model or None})
        await asyncio.to_thread(self.folder.keep_servers, (*kept, known))
        await self._look_at_settings()
        self._statuses[server.name] = status

    async def let_go(self, name: str) -> None:
        """Of a server that was taken in. NotFound for any other."""
        kept = await asyncio.to_thread(self.folder.servers)
        if name not in {server.name for server in kept}:
            raise NotFound(
                f"No server {name[:100]!r} was taken in here.",
                hint="What the settings name is removed there.",
                code="no_such_server",
            )
        await asyncio.to_thread(self.folder.keep_servers, [server for server in kept if server.name != name])
        await self._look_at_settings()

    async def choose(self, name: str = "") -> Sequence[ModelChoice]:
        await self._learn_defaults()
        if name:
            return (self._choice(name),)
        order = [provider for provider in self._providers if self._is_set_up(provider) and self._default(provider)]
        now = asyncio.get_running_loop().time()
        order.sort(key=lambda provider: self._avoided.get(provider, 0.0) > now)
        self._add_local(order)
        if not order:
            raise Unavailable("No model is set up.", hint=_SET_UP, code="no_model")
        return tuple(self._choice(provider) for provider in order)

    async def open_model(self, choice: ModelChoice, *, start: bool = True) -> Model:
        async with self._opening:
            client = self._clients.get(choice.provider)
            if client is None:
                client = self._clients[choice.provider] = await asyncio.to_thread(self._make_client, choice.provider)
        if choice.provider == LOCAL and start:
            async with self.local.server.in_use():
                pass  # starts it, and says what is wrong with it here rather than inside a request
        return client.model(choice.name.partition("/")[2])

    def note(self, choice: ModelChoice, problem: str) -> None:
        """Who asked it tells how that went ("" is well): it is asked after the others for a while, and its status says so."""
        known = self._statuses.get(choice.provider)
        if known is None:
            return  # the local one: what is wrong with it is looked at each time
        self._avoid(choice.provider, bool(problem))
        if problem:
            self._statuses[choice.provider] = replace(known, state="unreachable", reason=problem, checked_at=utc_now())
        elif known.state != "ready":
            self._statuses[choice.provider] = replace(known, state="ready", reason="", checked_at=utc_now())

    def price(self, choice: ModelChoice, input_tokens: int, output_tokens: int) -> float | None:
        if choice.provider == LOCAL:
            return 0.0
        provider = self._providers[choice.provider]
        if self._prices is None or provider.kind not in ("openai", "anthropic"):
            return None  # somebody's own server: what it costs nobody here knows
        try:
            usage = self._prices.Usage(input_tokens=input_tokens, output_tokens=output_tokens)
            found = self._prices.calc_price(usage, model_ref=choice.name.partition("/")[2], provider_id=provider.kind)
        except LookupError:
            return None
        return float(found.total_price)

    def _choice(self, name: str) -> ModelChoice:
        provider, _, model = name.partition("/")
        if provider == LOCAL:
            return self.local.choice(_SET_UP)
        if provider not in self._providers:
            provider, model = self._provider_of(name), name
        if not self._is_set_up(provider):
            problem = self._access[provider].problem if provider in self._access else "The program is starting."
            raise Unavailable(f"The provider {provider} is not set up. {problem}", hint=_SET_UP, code="no_model")
        model = model or self._default(provider)
        if not model:
            raise Unavailable(f"{provider} names no model.", hint=f"Name one as {provider}/MODEL, or in the settings.")
        pictures = self._providers[provider].pictures
        return ModelChoice(
            f"{provider}/{model}", provider, tools=True, demonstration=False, context_tokens=None, pictures=pictures
        )

    def _add_local(self, order: list[str]) -> None:
        file = self.local.file
        if file is None:
            return
        wanted = self._settings.order
        if LOCAL in wanted:
            before = set(wanted[: wanted.index(LOCAL)])
            order.insert(sum(1 for provider in order if provider in before), LOCAL)
        elif not order or not file.demonstration:
            # The embedded model answers where nothing else could: it must not stand in for a better one that failed.
            order.append(LOCAL)

    def _provider_of(self, model: str) -> str:
        for name, provider in self._providers.items():
            if self._is_set_up(name) and (model == provider.default_model or model in self._statuses[name].models):
                return name
        raise NotFound(
            f"No provider is known to have the model {model[:200]!r}.",
            hint="Name it as PROVIDER/MODEL; GET /v1/models lists them.",
            code="no_such_model",
        )

    async def _learn_defaults(self) -> None:
        """A server whose model nobody named is asked which it has, once."""
        for name in tuple(self._providers):
            if self._is_set_up(name) and not self._default(name) and self._statuses[name].state == "unknown":
                await self.probe(name)

    def _is_set_up(self, provider: str) -> bool:
        return provider in self._access and not self._access[provider].problem

    def _default(self, provider: str) -> str:
        return self._providers[provider].default_model or self._statuses[provider].default_model

    def _avoid(self, provider: str, down: bool) -> None:
        self._avoided.pop(provider, None)
        if down:
            self._avoided[provider] = asyncio.get_running_loop().time() + _AVOID_SECONDS

    async def _look_at_settings(self) -> None:
        await self.local.look()
        found = await asyncio.to_thread(self._read_settings)
        statuses: dict[str, ProviderStatus] = {}
        for provider, access in found:
            if access.key:
                self._hide(access.key)
            known = self._statuses.get(provider.name)
            if known is None or access.problem or known.state in ("unconfigured", "unknown"):
                known = unasked(provider, access.problem)
            statuses[provider.name] = known
        self._statuses = statuses
        self._providers = {provider.name: provider for provider, _ in found}
        self._access = {provider.name: access for provider, access in found}
        for name, client in tuple(self._clients.items()):
            if name != LOCAL and (name not in self._access or self._access[name].key != client.key):
                self._retired.append(self._clients.pop(name))  # requests may still be under way

    def _read_settings(self) -> list[tuple[Provider, Access]]:
        try:
            taken_in = self.folder.servers()
        except Unavailable as error:
            _log.warning("%s", error)
            taken_in = ()
        return [(provider, access_to(provider)) for provider in providers_of(self._all_settings, self._secret, taken_in)]

    def _make_client(self, provider: str) -> Client:
        import genai_prices

        from chainbot_desktop.agents.models.clients import local_client, make_client

        self._prices = genai_prices
        if provider == LOCAL:
            return local_client(self.local.server)
        return make_client(self._providers[provider], self._access[provider].key)
