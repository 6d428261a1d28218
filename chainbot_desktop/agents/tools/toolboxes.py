"""Makes the toolbox of each agent; what all of them share is made once, by the house."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from chainbot_desktop.agents.kind import AgentContext, Conversations
from chainbot_desktop.agents.tools.addresses import Resolve, resolve
from chainbot_desktop.agents.tools.command import RunCommand
from chainbot_desktop.agents.tools.fetch import FetchUrl
from chainbot_desktop.agents.tools.file_reading import ListFiles, ReadFile
from chainbot_desktop.agents.tools.file_searching import SearchFiles
from chainbot_desktop.agents.tools.file_writing import PatchFile, WriteFile
from chainbot_desktop.agents.tools.git_committing import GitCommit
from chainbot_desktop.agents.tools.git_reading import GitDiff, GitLog, GitStatus
from chainbot_desktop.agents.tools.journal_reading import QueryJournal
from chainbot_desktop.agents.tools.places import Places
from chainbot_desktop.agents.tools.plan import Tool
from chainbot_desktop.agents.tools.policy import Policy, agent_rules
from chainbot_desktop.agents.tools.sandbox import Sandbox
from chainbot_desktop.agents.tools.talking import AppendNote, AskHuman, ReadNotes, SendMessage
from chainbot_desktop.agents.tools.toolbox import MoreTools, PolicedToolbox
from chainbot_desktop.core.ports import Journal
from chainbot_desktop.core.settings import ToolsSettings
from chainbot_desktop.core.tasks import Tasks


class ToolboxFactory:
    """`Toolboxes` of the house. Use on the loop's thread."""

    def __init__(
        self,
        settings: ToolsSettings,
        journal: Journal,
        conversations: Conversations,
        tasks: Tasks,
        *,
        redact: Callable[[str], str],
        hidden: Sequence[Path] = (),
        more: MoreTools | None = None,
        resolver: Resolve = resolve,
    ) -> None:
        """`redact` hides secrets in a text, `hidden` are the program's own folders, `more` the tools of tool servers."""
        self._settings = settings
        self._journal = journal
        self._conversations = conversations
        self._tasks = tasks
        self._redact = redact
        self._hidden = tuple(hidden)
        self._more = more
        self._resolver = resolver
        self._sandbox = Sandbox(settings.sandbox, hidden)

    def of(self, context: AgentContext, policy: Mapping[str, Any], names: Sequence[str] | None) -> PolicedToolbox:
        """InvalidInput where `policy` is not {"rules": [...]}."""
        rules = Policy(self._settings.policy, agent_rules(policy))
        return PolicedToolbox(
            context,
            rules,
            self._tools(context, rules),
            self._journal,
            more=self._more,
            names=names,
            output_limit=self._settings.output_characters,
        )

    def _tools(self, context: AgentContext, policy: Policy) -> tuple[Tool, ...]:
        settings = self._settings
        places = Places(context.workspace, self._hidden)
        return (
            ListFiles(places),
            ReadFile(places),
            SearchFiles(places, policy),
            WriteFile(places),
            PatchFile(places),
            GitStatus(places),
            GitDiff(places, policy),
            GitLog(places),
            GitCommit(context, places),
            RunCommand(context, places, self._sandbox, self._tasks, settings.command_timeout, settings.output_characters),
            FetchUrl(policy, settings.fetch_timeout, settings.fetch_bytes, self._resolver),
            QueryJournal(self._journal, self._redact),
            SendMessage(context, self._conversations),
            ReadNotes(context, self._conversations),
            AppendNote(context, self._conversations),
            AskHuman(),
        )
