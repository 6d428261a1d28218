"""The kind `data_processor`: takes records, transforms each, writes records, and tells of every row that did not go through."""

from chainbot_desktop.agents.kinds.data_processor.kind import DataProcessorKind

__all__ = ["DataProcessorKind"]
