"""What went wrong with a model, as a sentence and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

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
    UsageLimitExceeded,
)

from chainbot_desktop.core.errors import ChainBotError, Unavailable


class ModelFailed(ChainBotError):
    """A model did not answer, or not with what was needed."""

    code = "model_failed"
    http_status = 502


_HINTS: tuple[tuple[type[ModelAPIError], str, str], ...] = (
    (ModelAuthenticationError, "refuses the key", "Check the provider's key."),
    (ModelQuotaExceededError, "says that the quota is used up", "Look at the provider's account, or choose another model."),
    (ModelRateLimitError, "is asked too often", "Try again in a minute, or choose another model."),
    (ModelContextWindowExceededError, "cannot take so much text", "Begin a new conversation, or give it less to read."),
    (ModelNotFoundError, "is not known to its provider", "Choose another model."),
    (ModelConnectionError, "cannot be reached, or its answer broke off", "Try again; look whether its server runs."),
)


def as_failure(error: BaseException) -> ChainBotError | None:
    """None for what is a bug of ours."""
    for cause in _causes(error):
        if isinstance(cause, ChainBotError):
            return cause  # our own refusal, inside a request
    if isinstance(error, FallbackExceptionGroup):
        sentences = [str(found) for inner in error.exceptions if (found := as_failure(inner)) is not None]
        return ModelFailed("No model answered. " + " ".join(sentences))
    if isinstance(error, ModelAPIError):
        return _of_provider(error)
    if isinstance(error, AgentRunError):
        what = "It did not come to an end" if isinstance(error, UsageLimitExceeded) else "The model's answer could not be used"
        return ModelFailed(f"{what}: {str(error)[:300]}", hint="Try again, with a smaller task or another model.")
    if isinstance(error, (ConnectionError, TimeoutError, httpx2.HTTPError)):
        return Unavailable("The connection to the model broke off.", hint="Try again.")
    return None


def _of_provider(error: ModelAPIError) -> ModelFailed:
    for kind, what, hint in _HINTS:
        if isinstance(error, kind):
            return ModelFailed(f"The model {error.model_name} {what}.", hint=hint)
    status = f" (HTTP {error.status_code})" if isinstance(error, ModelHTTPError) else ""
    return ModelFailed(f"The model {error.model_name} failed{status}.", hint="Try again, or choose another model.")


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__
