"""The assistant: a model with tools and a persona. Idle, it costs next to nothing; the framework is loaded by the first task of any."""

from chainbot_desktop.agents.kinds.assistant.kind import AssistantKind

__all__ = ["AssistantKind"]
