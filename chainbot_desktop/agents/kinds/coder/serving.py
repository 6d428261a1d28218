"""What a coding agent asks of us while it works: permissions, files, terminals. Answered only for the task that is under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from acp import schema
from acp.exceptions import RequestError
from acp.meta import CLIENT_METHODS
from pydantic import BaseModel, ValidationError

from chainbot_desktop.agents.kinds.coder.files import FileAccess
from chainbot_desktop.agents.kinds.coder.permissions import ask_permission
from chainbot_desktop.agents.kinds.coder.terminals import Terminals, exit_of
from chainbot_desktop.agents.kinds.coder.turn import Turn
from chainbot_desktop.agents.kinds.coder.updates import Updates
from chainbot_desktop.agents.tools.tool import Toolbox
from chainbot_desktop.core.errors import ChainBotError

_OPEN_REQUESTS = 64
_REFUSED = -32603
"""JSON-RPC's internal error: the protocol has no code for what a person or a policy does not want."""

_Answer = Callable[[Turn, Any], Awaitable[BaseModel | None]]


class Serving:
    """The handler of one connection."""

    def __init__(
        self, title: str, workspace: Path, toolbox: Toolbox, updates: Updates, files: FileAccess, terminals: Terminals
    ) -> None:
        self._title = title
        self._workspace = workspace
        self._toolbox = toolbox
        self._updates = updates
        self._files = files
        self._terminals = terminals
        self._open = 0
        self.session_id = ""
        self.turn: Turn | None = None
        self._answers: Mapping[str, tuple[type[BaseModel], _Answer]] = {
            CLIENT_METHODS["session_request_permission"]: (schema.RequestPermissionRequest, self._permission),
            CLIENT_METHODS["fs_read_text_file"]: (schema.ReadTextFileRequest, self._read),
            CLIENT_METHODS["fs_write_text_file"]: (schema.WriteTextFileRequest, self._write),
            CLIENT_METHODS["terminal_create"]: (schema.CreateTerminalRequest, self._create),
            CLIENT_METHODS["terminal_output"]: (schema.TerminalOutputRequest, self._output),
            CLIENT_METHODS["terminal_wait_for_exit"]: (schema.WaitForTerminalExitRequest, self._wait),
            CLIENT_METHODS["terminal_kill"]: (schema.KillTerminalRequest, self._kill),
            CLIENT_METHODS["terminal_release"]: (schema.ReleaseTerminalRequest, self._release),
        }

    async def handle(self, method: str, params: Any, is_notification: bool) -> BaseModel | None:
        if is_notification:
            if method == CLIENT_METHODS["session_update"]:
                self._updates.take(params, self.session_id, self.turn)
            return None
        known = self._answers.get(method)
        if known is None:
            raise RequestError.method_not_found(method[:200])
        model, answer = known
        turn = self.turn
        if turn is None or turn.over:
            raise RequestError.invalid_request({"details": "There is no task under way."})
        if self._open >= _OPEN_REQUESTS:
            raise RequestError(_REFUSED, f"{_OPEN_REQUESTS} requests wait for an answer already.")
        self._open += 1
        try:
            return await answer(turn, self._parsed(model, params))
        except ChainBotError as error:
            raise RequestError(_REFUSED, str(error), {"code": error.code}) from None
        finally:
            self._open -= 1

    def _parsed(self, model: type[BaseModel], params: Any) -> BaseModel:
        try:
            request = model.model_validate(params)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise RequestError.invalid_params({"details": f"{place}: {first['msg']}"}) from None
        if getattr(request, "session_id", None) != self.session_id:
            raise RequestError.invalid_params({"details": "There is no such session."})
        return request

    async def _permission(self, turn: Turn, request: schema.RequestPermissionRequest) -> BaseModel:
        return await ask_permission(request, turn, self._toolbox, self._title, self._workspace)

    async def _read(self, turn: Turn, request: schema.ReadTextFileRequest) -> BaseModel:
        text = await self._files.read_text(turn, request.path, request.line, request.limit)
        return schema.ReadTextFileResponse(content=text)

    async def _write(self, turn: Turn, request: schema.WriteTextFileRequest) -> BaseModel:
        await self._files.write_text(turn, request.path, request.content)
        return schema.WriteTextFileResponse()

    async def _create(self, turn: Turn, request: schema.CreateTerminalRequest) -> BaseModel:
        env = {variable.name: variable.value for variable in request.env or ()}
        words = [request.command, *(request.args or ())]
        name = await self._terminals.create(turn, words, env, request.cwd, request.output_byte_limit)
        return schema.CreateTerminalResponse(terminal_id=name)

    async def _output(self, turn: Turn, request: schema.TerminalOutputRequest) -> BaseModel:
        terminal = self._terminals.get(request.terminal_id)
        answer = schema.TerminalOutputResponse(output=terminal.output, truncated=terminal.truncated)
        if terminal.code is not None:
            code, signal = exit_of(terminal.code)
            answer.exit_status = schema.TerminalExitStatus(exit_code=code, signal=signal)
        return answer

    async def _wait(self, turn: Turn, request: schema.WaitForTerminalExitRequest) -> BaseModel:
        code, signal = exit_of(await self._terminals.get(request.terminal_id).ended())
        return schema.WaitForTerminalExitResponse(exit_code=code, signal=signal)

    async def _kill(self, turn: Turn, request: schema.KillTerminalRequest) -> BaseModel:
        await self._terminals.kill(request.terminal_id)
        return schema.KillTerminalResponse()

    async def _release(self, turn: Turn, request: schema.ReleaseTerminalRequest) -> BaseModel:
        await self._terminals.release(request.terminal_id)
        return schema.ReleaseTerminalResponse()
