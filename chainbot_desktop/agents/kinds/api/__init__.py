"""The `api` kind: an HTTP API below one address, called as tasks say."""

from chainbot_desktop.agents.kinds.api.kind import ApiKind

__all__ = ["ApiKind"]
