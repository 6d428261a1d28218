"""What went wrong with a model, as a sentence and what to do about it. Keys that a provider repeats are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecodeError

import httpx2
from pydantic_ai.exceptions import (
    AgentRunError,
    FallbackExceptionGroup,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelNotFoundError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    UsageLimitExceeded,
    UserError,
)

from chainbot_desktop.agents.models.failing import ModelFailed, ModelRefused
from chainbot_desktop.core.errors import ChainBotError

_HINTS: tuple[tuple[type[ModelAPIError], str, str], ...] = (
    (ModelAuthenticationError, "refuses the key", "Check the provider's key."),
    (ModelQuotaExceededError, "says that the quota is used up", "Look at the provider's account, or choose another model."),
    (ModelRateLimitError, "is asked too often", "Try again in a minute, or choose another model."),
    (ModelContextWindowExceededError, "cannot take so much text", "Begin a new conversation, or give it less to read."),
    (ModelNotFoundError, "is not known to its provider", "Choose another model."),
    (ModelConnectionError, "cannot be reached, or its answer broke off", "Try again; look whether its server runs."),
)
_ANOTHER_MAY_DO = (ModelAuthenticationError, ModelNotFoundError)
"""Refusals that say nothing about the request itself."""
_LIKE_A_KEY = re.compile(r"[\w-]{24,}")


def as_failure(error: BaseException) -> ChainBotError | None:
    """None for what is a bug of ours. ModelRefused where the request itself is not to the model's liking."""
    for cause in _causes(error):
        if isinstance(cause, ChainBotError):
            return cause  # our own refusal, inside a request
    if isinstance(error, FallbackExceptionGroup):
        sentences = [str(found) for inner in error.exceptions if (found := as_failure(inner)) is not None]
        return ModelFailed("No model answered. " + " ".join(sentences))
    if isinstance(error, AgentRunError):
        return _of_provider(error) if isinstance(error, ModelAPIError) else _of_run(error)
    if isinstance(error, (ConnectionError, TimeoutError, httpx2.HTTPError, httpx2.StreamError, JSONDecodeError)):
        return ModelFailed("The model's answer broke off, or could not be understood.", hint="Try again.")
    if isinstance(error, UserError):
        return ModelRefused(f"The model cannot do this: {str(error)[:300]}", hint="Choose another model.")
    return None


def _of_run(error: AgentRunError) -> ModelFailed:
    what = "It did not come to an end" if isinstance(error, UsageLimitExceeded) else "The model's answer could not be used"
    said = _LIKE_A_KEY.sub("…", str(error))[:300]
    return ModelFailed(f"{what}: {said}", hint="Try again, with a smaller task or another model.")


def _of_provider(error: ModelAPIError) -> ModelFailed:
    status = f" (HTTP {error.status_code})" if isinstance(error, ModelHTTPError) else ""
    for kind, what, hint in _HINTS:
        if isinstance(error, kind):
            refused = isinstance(error, ModelRequestRejectedError) and not isinstance(error, _ANOTHER_MAY_DO)
            return (ModelRefused if refused else ModelFailed)(f"The model {error.model_name} {what}{status}.", hint=hint)
    if isinstance(error, ModelRequestRejectedError):
        return ModelRefused(
            f"The model {error.model_name} refuses the request{status}: {_words(error.body)}", hint="Change it."
        )
    if not status:
        return ModelFailed(
            f"The answer of the model {error.model_name} ended with an error, or cannot be understood.", hint="Try again."
        )
    return ModelFailed(f"The model {error.model_name} failed{status}.", hint="Try again, or choose another model.")


def _words(body: object) -> str:
    """What the provider itself says."""
    inner = body.get("error", body) if isinstance(body, dict) else body
    said = inner.get("message", "") if isinstance(inner, dict) else inner
    return _LIKE_A_KEY.sub("…", said)[:500] if isinstance(said, str) and said else "it does not say why."


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
