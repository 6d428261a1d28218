"""The slash commands that need services beside the conversations, and what completes their arguments."""

from __future__ import annotations

from chainbot_desktop.agents.directory import AgentDirectory
from chainbot_desktop.app.agent_control import HouseControl
from chainbot_desktop.app.agent_wing import AgentWing
from chainbot_desktop.chat.command_extensions import ChatHost, load_extensions
from chainbot_desktop.chat.conversation_commands import ConversationCommands
from chainbot_desktop.chat.link_commands import LinkCommands
from chainbot_desktop.chat.looked_up import conversations_source, files_source
from chainbot_desktop.chat.model_commands import ModelCommands
from chainbot_desktop.chat.service import ChatService
from chainbot_desktop.core.tasks import Tasks
from chainbot_desktop.workspace.workspace import Workspace


async def add_commands(
    chat: ChatService, wing: AgentWing, directory: AgentDirectory, workspace: Workspace, tasks: Tasks
) -> None:
    """Call it once, when the chat and the agents are open; the commands of other packages come last."""
    registry, answers = chat.commands, chat.answers
    registry.sources["file"] = files_source(lambda: workspace.root, tasks, registry.changed)
    registry.sources["conversation"] = conversations_source(chat, tasks, registry.changed)
    ConversationCommands(chat, (lambda: answers.agents) if answers is not None else None).register_in(registry)
    if answers is not None:
        control = HouseControl(wing.runtime, directory, wing.entanglements, wing.models, wing.ledger, wing.persona_folder)
        LinkCommands(control, lambda: answers.addressable, answers, tasks).register_in(registry)
        models = ModelCommands(control, lambda: answers.agents)
        models.register_in(registry)
        await models.load()
    await load_extensions(registry, ChatHost(chat))
