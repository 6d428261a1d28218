"""WebSockets: `/ws` for everything, `/ws/{window}` for one window's share."""

from __future__ import annotations

from aiohttp import web

from api.answers import json_answer
from api.endpoints import Answer, Endpoint
from api.keys import DOOR, HUB
from api.schemas import SocketStatistics
from api.websocket.frames import ALL, SENT_TYPES, WINDOWS
from chainbot_desktop.core.errors import NotFound


async def connect(request: web.Request) -> web.WebSocketResponse:
    window = request.match_info.get("window", ALL)
    if window != ALL and window not in WINDOWS:
        raise NotFound(f"There is no window {window[:100]!r}.", hint=f"The windows are {', '.join(WINDOWS)}.")
    user = request.match_info.get("user_id", "")[:200]
    return await request.app[HUB].serve(request, window, user, request.app[DOOR].stay(request))


async def statistics(request: web.Request) -> web.Response:
    return json_answer(request.app[HUB].statistics())


_FRAMES = (
    "A WebSocket. Frames are `{type, window_type, timestamp, data, seq?}`; the first is `window_open`. Events come as "
    f"{', '.join(SENT_TYPES)}, with the whole envelope in `data`. A client may send `ping`, `health_check`, "
    '`{"type":"subscribe","since":SEQ,"types":[...]}` (answered by `snapshot`, then every event after SEQ in order, or '
    "`position_gone`), and `hot_swap` {target_window, swap_data}. A client that reads too slowly loses its oldest frames and is "
    "told by `dropped` {count}. `agent_vitals` {agents} comes to the Agent Map once a second at most. "
    "To `/ws` and `/ws/chat` answers come while they are written, each 20 times a second at most: `agent_response` {conversation_id, "
    "run_id, agent_id, name, thread, state, waiting_for, trouble, seq, offset} with `text` (all so far: the first one, and after a "
    "`subscribe`) or `delta` (what follows it); `chat_activity` {conversation_id, answers} when who works on what is different; and "
    "`chat_message` has the message itself in `data.message`, null where it was erased. There a client may also send `chat_message` "
    "{conversation_id, text, to?, attachments?, delivery?, idempotency_key?, request_id?}, `slash_command` (the same, a line that must "
    "be a command), both answered by `accepted` as the HTTP request would be, and `chat_history` {conversation_id, before | after | "
    "around?, limit?, request_id?}, answered by a `chat_history` with a page. "
    "What is not understood is answered by `error`."
)
_SWITCH = (Answer("The connection becomes a WebSocket", None, "", 101),)
_WINDOW = {"window": f"One of {', '.join(WINDOWS)}"}
_PROBLEMS = (400, 403, 426, 503)

ENDPOINTS = (
    Endpoint(
        "GET", "/ws", connect, "Live events of all windows", "websocket", _SWITCH, description=_FRAMES, problems=_PROBLEMS
    ),
    Endpoint(
        "GET",
        "/ws/{window}",
        connect,
        "Live events of one window",
        "websocket",
        _SWITCH,
        description=_FRAMES,
        problems=(404, *_PROBLEMS),
        parameters=_WINDOW,
    ),
    Endpoint(
        "GET",
        "/ws/{window}/{user_id}",
        connect,
        "The same, as older clients call it",
        "websocket",
        _SWITCH,
        description=_FRAMES,
        problems=(404, *_PROBLEMS),
        parameters={**_WINDOW, "user_id": "Shown in the statistics, no more"},
    ),
    Endpoint("GET", "/api/websockets/stats", statistics, "Who is connected", "websocket", (Answer("", SocketStatistics),)),
)
