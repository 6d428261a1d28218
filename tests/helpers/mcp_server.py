"""A real tool server for tests: `python mcp_server.py stdio`, or `python mcp_server.py http`, which prints its port."""

from __future__ import annotations

import os
import socket
import sys

import anyio
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server = MCPServer("test tools")


@server.tool(description="Add two numbers.\x1b[31m")
def add(a: int, b: int) -> str:
    return f"{a} + {b} = {a + b}"


@server.tool(description="Never answers in time.")
async def slow() -> str:
    await anyio.sleep(3600)
    return "late"


@server.tool(description="Ends the whole server.")
def crash() -> str:
    os._exit(3)


@server.tool(description="Fails.")
def fail() -> str:
    raise ToolError("the tool has a reason")


@server.tool(description="Says who it is and what it was given.")
def identity() -> str:
    return f"{os.getpid()} {os.getpgid(0)} {os.environ.get('GIVEN_TO_IT', '')}"


def main() -> None:
    if sys.argv[1] == "stdio":
        server.run("stdio")
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    print(port, flush=True)
    server.run("streamable-http", host="127.0.0.1", port=port)


if __name__ == "__main__":
    main()
