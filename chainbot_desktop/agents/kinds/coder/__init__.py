"""External coding agents over the Agent Client Protocol."""

from chainbot_desktop.agents.kinds.coder.kind import CoderKind

__all__ = ["CoderKind"]
