"""Where agents and the API get their models: by name, with fallback, counted.

A model is named "provider/model" ("openai/gpt-5", "local/smollm2-135m"), by provider alone (its default model), or not at all: then
the order of the settings decides, and the first provider that is well answers. Who names a model or a provider gets that one or an
error, never another: what is said to it, and what that costs, is the caller's choice.

To ask, call `choose`, `open_model` for each choice, and put more than one into pydantic-ai's `FallbackModel`: it goes on to the next
where a model cannot be reached, refuses the key, is asked too often or fails, before the first piece of its answer, and never after
it. A request is tried twice at most by each provider's library. `completions.Completions` does all of this for a single answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from pydantic_ai.models import Model

ProviderKind = Literal["openai", "anthropic", "openai-compatible", "local"]


@dataclass(frozen=True, slots=True)
class ProviderStatus:
    """What is known of a provider without asking it again. `state`: ready | unconfigured | unreachable | refused | unknown.

    `demonstration`: the embedded model, which proves the path and no more. `checked_at` is RFC 3339, "" before the first look.
    """

    name: str
    kind: ProviderKind
    state: Literal["ready", "unconfigured", "unreachable", "refused", "unknown"]
    reason: str
    models: tuple[str, ...]
    default_model: str
    base_url: str
    demonstration: bool
    checked_at: str


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that can be asked. `tools`: whether it can call tools; a small one answers by JSON schema instead."""

    name: str
    provider: str
    tools: bool
    demonstration: bool
    context_tokens: int | None
    pictures: bool = False
    """Whether it takes them."""


class Models(Protocol):
    """Use on the loop's thread."""

    def statuses(self) -> Sequence[ProviderStatus]:
        """In the order of fallback; from memory."""
        ...

    async def probe(self, provider: str | None = None) -> Sequence[ProviderStatus]:
        """Ask the providers (or one) how they are."""
        ...

    async def choose(self, name: str = "") -> Sequence[ModelChoice]:
        """The model of that name; without a name those to ask, in this order. Never empty: Unavailable, with what to do, or NotFound."""
        ...

    async def open_model(self, choice: ModelChoice, *, start: bool = True) -> Model:
        """A model of the framework, its server started if it is ours. Unavailable where it does not start. Imports are off the loop.

        Without `start` a server of ours is started by the first request: for what is only to stand in.
        """
        ...

    def note(self, choice: ModelChoice, problem: str) -> None:
        """How asking it went ("" is well): where it did not answer, it is asked after the others for a while."""
        ...

    def price(self, choice: ModelChoice, input_tokens: int, output_tokens: int) -> float | None:
        """US dollars; 0 for what runs here, None where no price is known."""
        ...
