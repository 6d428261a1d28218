"""A real coding agent that speaks the Agent Client Protocol, for tests: `python -m tests.helpers.acp_agent`.

It does what the first word of its prompt says. ACP_AGENT in its environment (words) changes how it begins: auth, hang, version,
chatter, early (it offers its commands before its session), deaf, eyes (it takes pictures);
ACP_AGENT_MEMORY is a folder where it keeps its sessions, and without it it cannot load any; a file "brittle" in it makes it die of
loading one.
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from acp import schema
from acp.core import run_agent
from acp.exceptions import RequestError
from acp.helpers import (
    plan_entry,
    session_notification,
    start_tool_call,
    tool_diff_content,
    update_agent_message_text,
    update_agent_thought_text,
    update_plan,
    update_tool_call,
)

_WORDS = os.environ.get("ACP_AGENT", "").split()
_MEMORY = os.environ.get("ACP_AGENT_MEMORY", "")
_OPTIONS = [
    schema.PermissionOption(option_id="once", name="Yes", kind="allow_once"),
    schema.PermissionOption(option_id="always", name="Always", kind="allow_always"),
    schema.PermissionOption(option_id="no", name="No", kind="reject_once"),
]


class ScriptedAgent:
    def __init__(self) -> None:
        self._client: Any = None
        self._prompts: dict[str, list[str]] = {}
        self._shown: list[str] = []
        self._cancelled = asyncio.Event()
        self._model = "small"
        self._mode = "code"

    def on_connect(self, conn: Any) -> None:
        self._client = conn

    async def initialize(self, protocol_version: int, **_: Any) -> schema.InitializeResponse:
        if "hang" in _WORDS:
            await asyncio.Event().wait()
        if "chatter" in _WORDS:
            for _number in range(200):
                os.write(1, b'npm WARN something is deprecated\n[1, 2]\n{"id": {}}\n\xff\xfe\n')
        return schema.InitializeResponse(
            protocol_version=99 if "version" in _WORDS else protocol_version,
            agent_capabilities=schema.AgentCapabilities(
                load_session=bool(_MEMORY), prompt_capabilities=schema.PromptCapabilities(image="eyes" in _WORDS)
            ),
            auth_methods=[schema.AuthMethodAgent(id="browser", name="Log in with a browser")],
            agent_info=schema.Implementation(name="scripted", title="Scripted Coder", version="1.2"),
        )

    async def new_session(self, cwd: str, **_: Any) -> schema.NewSessionResponse:
        if "auth" in _WORDS:
            raise RequestError.auth_required()
        session = uuid.uuid4().hex
        self._prompts[session] = []
        if "early" in _WORDS:
            await self._client.session_update(session, _commands("plan"))
        return schema.NewSessionResponse(session_id=session, modes=_modes(self._mode), config_options=_options(self._model))

    async def load_session(self, cwd: str, session_id: str, **_: Any) -> schema.LoadSessionResponse:
        if (Path(_MEMORY) / "brittle").exists():
            os._exit(3)
        kept = Path(_MEMORY) / session_id
        if not kept.exists():
            raise RequestError.resource_not_found(session_id)
        self._prompts[session_id] = json.loads(kept.read_text())
        for prompt in self._prompts[session_id]:
            await self._client.session_update(session_id, update_agent_message_text(f"replayed {prompt}"))
        return schema.LoadSessionResponse(modes=_modes(self._mode), config_options=_options(self._model))

    async def set_session_mode(self, session_id: str, mode_id: str, **_: Any) -> schema.SetSessionModeResponse:
        self._mode = mode_id
        return schema.SetSessionModeResponse()

    async def set_config_option(
        self, config_id: str, session_id: str, value: str | bool, **_: Any
    ) -> schema.SetSessionConfigOptionResponse:
        self._model = str(value)
        return schema.SetSessionConfigOptionResponse(config_options=_options(self._model))

    async def prompt(self, session_id: str, prompt: list[Any], **_: Any) -> schema.PromptResponse:
        text = prompt[0].text
        word, _, rest = text.partition(" ")
        self._shown = [block.data for block in prompt[1:] if isinstance(block, schema.ImageContentBlock)]
        self._cancelled.clear()
        await getattr(self, f"_do_{word}")(session_id, rest)
        self._prompts[session_id].append(text)
        if _MEMORY:
            (Path(_MEMORY) / session_id).write_text(json.dumps(self._prompts[session_id]))
        if self._cancelled.is_set():
            return schema.PromptResponse(stop_reason="cancelled")
        usage = schema.Usage(total_tokens=130, input_tokens=90, output_tokens=20, cached_read_tokens=10, thought_tokens=10)
        return schema.PromptResponse(stop_reason="refusal" if word == "refuse" else "end_turn", usage=usage)

    async def cancel(self, session_id: str, **_: Any) -> None:
        if "deaf" not in _WORDS:
            self._cancelled.set()

    # What it can be told to do

    async def _say(self, session: str, text: str) -> None:
        await self._client.session_update(session, update_agent_message_text(text))

    async def _do_say(self, session: str, rest: str) -> None:
        for word in rest.split():
            await self._say(session, f"{word} ")

    async def _do_work(self, session: str, _: str) -> None:
        """Everything that it may tell, once."""
        tell = self._client.session_update
        await tell(session, update_agent_thought_text("thinking hard"))
        await tell(session, update_plan([plan_entry("look", status="completed"), plan_entry("mend", status="in_progress")]))
        await self._say(session, "I look.")
        await tell(
            session,
            start_tool_call("call-1", "Edit a.txt", kind="edit", content=[tool_diff_content("a.txt", "new\n", "old\n")]),
        )
        await tell(session, update_tool_call("call-1", status="completed"))
        await tell(session, start_tool_call("call-2", "Run the tests", kind="execute", raw_input={"command": "make test"}))
        await tell(session, update_tool_call("call-2", status="failed"))
        await tell(session, _commands("review"))
        await tell(session, schema.CurrentModeUpdate(session_update="current_mode_update", current_mode_id="plan"))
        cost = schema.Cost(amount=0.25, currency="USD")
        await tell(session, schema.UsageUpdate(session_update="usage_update", used=100, size=1000, cost=cost))
        await self._say(session, "It is done.")

    async def _do_ask(self, session: str, rest: str) -> None:
        """Asks for each word of `rest` whether it may be run."""
        for word in rest.split():
            call = schema.ToolCallUpdate(
                tool_call_id="same-id", title=f"Run {word}", kind="execute", raw_input={"command": ["make", word]}
            )
            await self._put(session, call)

    async def _do_shell(self, session: str, rest: str) -> None:
        """Asks whether this line may be run by a shell."""
        call = schema.ToolCallUpdate(tool_call_id="s", title="Run a line", kind="execute", raw_input={"command": rest})
        await self._put(session, call)

    async def _do_edit(self, session: str, rest: str) -> None:
        for path in rest.split():
            content: Any = [tool_diff_content(path, "new\n", "old\n")]
            await self._put(
                session, schema.ToolCallUpdate(tool_call_id="e", title=f"Edit {path}", kind="edit", content=content)
            )

    async def _do_insist(self, session: str, _: str) -> None:
        """Offers no single approval."""
        await self._put(session, schema.ToolCallUpdate(tool_call_id="i", title="Go on", kind="other"), _OPTIONS[1:])

    async def _put(self, session: str, call: schema.ToolCallUpdate, options: Any = _OPTIONS) -> None:
        answer = await self._client.request_permission(session_id=session, tool_call=call, options=options)
        outcome = answer.outcome
        await self._say(session, f"<{outcome.option_id if outcome.outcome == 'selected' else outcome.outcome}>")

    async def _do_read(self, session: str, rest: str) -> None:
        path, *numbers = rest.split()
        line, limit = (int(number) for number in numbers) if numbers else (None, None)
        await self._tried(
            session, lambda: self._client.read_text_file(session_id=session, path=path, line=line, limit=limit), "content"
        )

    async def _do_write(self, session: str, rest: str) -> None:
        path, _, content = rest.partition(" ")
        await self._tried(session, lambda: self._client.write_text_file(session_id=session, path=path, content=content), "")

    async def _do_run(self, session: str, rest: str) -> None:
        """Runs `rest` and tells what came of it."""
        command, *args = shlex.split(rest)
        env = [schema.EnvVariable(name="GREETING", value="hello")] if "$GREETING" in rest else None
        try:
            made = await self._client.create_terminal(
                session_id=session, command=command, args=args, env=env, output_byte_limit=1000
            )
        except RequestError as error:
            await self._say(session, f"refused: {error}")
            return
        exit_status = await self._client.wait_for_terminal_exit(session_id=session, terminal_id=made.terminal_id)
        output = await self._client.terminal_output(session_id=session, terminal_id=made.terminal_id)
        await self._client.release_terminal(session_id=session, terminal_id=made.terminal_id)
        await self._say(session, f"exit {exit_status.exit_code} {output.truncated} {output.output}")

    async def _do_serve(self, session: str, rest: str) -> None:
        """Leaves a command running, once it has noted its number in the file pid."""
        await self._client.create_terminal(session_id=session, command=sys.executable, args=shlex.split(rest))
        await self._do_await(session, "pid")

    async def _do_await(self, session: str, name: str) -> None:
        while not Path(name).exists():  # noqa: ASYNC240 - a test's agent, alone in its process
            await asyncio.sleep(0.01)
        await self._say(session, f"{name} is there. ")

    async def _do_kill(self, session: str, _: str) -> None:
        made = await self._client.create_terminal(session_id=session, command="sleep", args=["1000"])
        await self._client.kill_terminal(session_id=session, terminal_id=made.terminal_id)
        ended = await self._client.wait_for_terminal_exit(session_id=session, terminal_id=made.terminal_id)
        await self._say(session, f"ended by {ended.signal}")

    async def _do_repeat(self, session: str, rest: str) -> None:
        """What it was told, and the pictures that it was shown."""
        await self._say(session, "\n".join([rest, *(f"picture {data}" for data in self._shown)]))

    async def _do_recall(self, session: str, _: str) -> None:
        await self._say(session, " | ".join(self._prompts[session]) or "nothing")

    async def _do_set(self, session: str, _: str) -> None:
        await self._say(session, f"{self._mode} {self._model}")

    async def _do_env(self, session: str, name: str) -> None:
        await self._say(session, os.environ.get(name, "unset"))

    async def _do_forever(self, session: str, _: str) -> None:
        await self._say(session, "working")
        if "deaf" in _WORDS:
            await asyncio.Event().wait()
        await self._cancelled.wait()

    async def _do_crash(self, session: str, _: str) -> None:
        await self._say(session, "before the end")
        sys.stderr.write("Segmentation fault in the flux module\n")
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    async def _do_orphan(self, session: str, _: str) -> None:
        """Dies while another process holds its output open."""
        await asyncio.create_subprocess_exec("sleep", "1000")
        os._exit(3)

    async def _do_shut(self, session: str, _: str) -> None:
        os.close(1)
        await asyncio.Event().wait()

    async def _do_flood(self, session: str, rest: str) -> None:
        os.set_blocking(1, True)
        for number in range(int(rest)):
            os.write(1, _line(session_notification(session, update_agent_message_text(f"{number} "))))

    async def _do_pester(self, session: str, rest: str) -> None:
        """Asks and asks and reads no answer."""
        os.set_blocking(1, True)
        params = {"sessionId": session, "path": "a.txt"}
        while True:
            os.write(
                1, json.dumps({"jsonrpc": "2.0", "id": 1, "method": "fs/read_text_file", "params": params}).encode() + b"\n"
            )

    async def _do_shuffle(self, session: str, rest: str) -> None:
        """Tells of a change in which so many lines change places."""
        old = [str(number) for number in range(int(rest))]
        new = [line for pair in zip(old[1::2], old[::2], strict=True) for line in pair]
        diff = tool_diff_content("a.txt", "\n".join(new), "\n".join(old))
        for number in range(10):
            call = start_tool_call(f"s-{number}", "Shuffle a.txt", kind="edit", content=[diff])
            await self._client.session_update(session, call)
        await self._say(session, "shuffled")

    async def _do_nonsense(self, session: str, rest: str) -> None:
        """Updates and requests that are not of the protocol."""
        os.set_blocking(1, True)
        for params in ({}, {"sessionId": session, "update": {"sessionUpdate": "dance"}}, "text", None):
            os.write(1, json.dumps({"jsonrpc": "2.0", "method": "session/update", "params": params}).encode() + b"\n")
        os.write(1, b'{"jsonrpc": "2.0", "id": 9, "method": "fs/read_text_file", "params": {"path": 3}}\n')
        os.write(1, b'{"jsonrpc": "2.0", "id": 4711, "result": {}}\n{"jsonrpc": "2.0", "id": 0, "error": "no"}\n')
        os.write(1, b"[" * 100_000 + b"\n")
        await self._say(session, "still here")

    async def _do_huge(self, session: str, rest: str) -> None:
        """One message of so many megabytes."""
        left = int(rest) * 1024 * 1024
        out = sys.stdout.buffer
        os.set_blocking(1, True)
        out.write(b'{"jsonrpc": "2.0", "method": "x", "params": "')
        while left > 0:
            left -= out.write(b"x" * 65536)
        out.write(b'"}\n')
        out.flush()

    async def _do_refuse(self, session: str, _: str) -> None:
        await self._say(session, "I would rather not.")

    async def _do_fail(self, session: str, _: str) -> None:
        raise RequestError.internal_error({"details": "the model is overloaded"})

    async def _tried(self, session: str, attempt: Callable[[], Any], field: str) -> None:
        try:
            answer = await attempt()
        except RequestError as error:
            await self._say(session, f"refused: {error}")
            return
        await self._say(session, f"got: {getattr(answer, field)}" if field else "done")


def _line(notification: schema.SessionNotification) -> bytes:
    params = notification.model_dump(mode="json", by_alias=True, exclude_none=True)
    return json.dumps({"jsonrpc": "2.0", "method": "session/update", "params": params}).encode() + b"\n"


def _commands(name: str) -> schema.AvailableCommandsUpdate:
    hint = schema.AvailableCommandInput(root=schema.UnstructuredCommandInput(hint="what to look at"))
    command = schema.AvailableCommand(name=name, description="Review the changes", input=hint)
    return schema.AvailableCommandsUpdate(session_update="available_commands_update", available_commands=[command])


def _modes(current: str) -> schema.SessionModeState:
    modes = [schema.SessionMode(id=name, name=name.title()) for name in ("code", "plan")]
    return schema.SessionModeState(current_mode_id=current, available_modes=modes)


def _options(current: str) -> list[Any]:
    choices = [schema.SessionConfigSelectOption(value=name, name=name.title()) for name in ("small", "large")]
    option = schema.SessionConfigOptionSelect(
        type="select", id="m", name="Model", category="model", current_value=current, options=choices
    )
    return [option]


if __name__ == "__main__":
    agent: Any = ScriptedAgent()
    asyncio.run(run_agent(agent))
