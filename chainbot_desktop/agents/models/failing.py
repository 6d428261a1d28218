"""Errors of models, apart from what explains them, so that who only catches them need not load the framework."""

from __future__ import annotations

from chainbot_desktop.core.errors import ChainBotError


class ModelFailed(ChainBotError):
    """A model did not answer, or its answer broke off. Another model may do."""

    code = "model_failed"
    http_status = 502


class ModelRefused(ModelFailed):
    """A model does not take the request as it is; another one hardly would."""

    code = "model_refused"
    http_status = 422


class AnswerBrokeOff(ModelFailed):
    """A part of the answer was handed on already: no other model takes over."""

    code = "answer_broke_off"
