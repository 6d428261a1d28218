"""`chainbot-desktop token` and `chainbot-desktop link`: how an owner of the data directory gets in."""

from __future__ import annotations

import http.client
import json
import sys
import urllib.error
import urllib.request
from ipaddress import ip_address

from chainbot_desktop.app.command_line import Options
from chainbot_desktop.app.configuration import Configuration, load_configuration
from chainbot_desktop.core.errors import ChainBotError, NotFound, Unavailable
from chainbot_desktop.security.admin_token import read_token
from chainbot_desktop.security.secret_store import SecretStore, desktop_keyring


def print_token(options: Options) -> int:
    try:
        sys.stdout.write(_token(_configuration(options)) + "\n")
    except ChainBotError as error:
        return _refuse(error)
    return 0


def print_link(options: Options) -> int:
    try:
        configuration = _configuration(options)
        sys.stdout.write(_new_link(configuration, _token(configuration)) + "\n")
    except ChainBotError as error:
        return _refuse(error)
    return 0


def page_address(host: str, port: int) -> str:
    """Where a browser on this machine finds a server that listens on `host` and `port`."""
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104 - compared, not bound
        host = "127.0.0.1"
    try:
        bracketed = f"[{host}]" if ip_address(host).version == 6 else host
    except ValueError:
        bracketed = host
    return f"http://{bracketed}:{port}"


def _configuration(options: Options) -> Configuration:
    return load_configuration(config=options.config, data_dir=options.data_dir, flags=options.server_flags())


def _token(configuration: Configuration) -> str:
    store = SecretStore(configuration.data_dir, configuration.settings.security.secret_store, desktop_keyring())
    token = read_token(store)
    if token is None:
        raise NotFound(
            f"There is no token in {configuration.data_dir} yet.",
            hint="Start the program once, or name its folder with --data-dir.",
        )
    return token


def _new_link(configuration: Configuration, token: str) -> str:
    server = configuration.settings.server
    address = page_address(server.host, server.port)
    request = urllib.request.Request(  # noqa: S310 - an address of our own making
        f"{address}/api/auth/ticket", data=b"", method="POST", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=5) as answer:
            ticket = json.load(answer)["ticket"]
    except urllib.error.HTTPError as error:
        raise Unavailable(
            f"{address} answered {error.code} {error.reason}.",
            hint="Another program, or one with another data directory, listens there. Name it with --port and --data-dir.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException) as error:
        raise Unavailable(f"No ChainBot Desktop answers at {address}: {error}.", hint="Start it, or name its --port.") from None
    return f"{address}/?ticket={ticket}"


def _refuse(error: ChainBotError) -> int:
    sys.stderr.write(f"chainbot-desktop: {error}\n")
    return 1
