"""`chainbot-desktop secret set|list|delete`: keys of providers (`model.openai`), of APIs and of tool servers, kept out of every file.

The value is asked for without an echo, or read from standard input; it never stands on a command line.
"""

from __future__ import annotations

import getpass
import sys

from chainbot_desktop.app.command_line import Options
from chainbot_desktop.app.configuration import load_configuration
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound
from chainbot_desktop.security.admin_token import ADMIN_TOKEN
from chainbot_desktop.security.secret_store import SecretStore, desktop_keyring
from chainbot_desktop.security.signing import SIGNING_KEY

_MAX_CHARACTERS = 64 * 1024


def run_secret_command(options: Options) -> int:
    action, *rest = options.rest
    try:
        configuration = load_configuration(config=options.config, data_dir=options.data_dir)
        kind = configuration.settings.security.secret_store
        store = SecretStore(configuration.data_dir, kind, None if kind == "file" else desktop_keyring())
        if action == "list":
            sys.stdout.writelines(f"{name}\n" for name in store.names() if name not in (ADMIN_TOKEN, SIGNING_KEY))
        elif action == "set":
            _set(store, rest[0])
        else:
            _delete(store, rest[0])
    except ChainBotError as error:
        sys.stderr.write(f"chainbot-desktop: {error}\n")
        return 1
    except (KeyboardInterrupt, EOFError):
        sys.stderr.write("\nchainbot-desktop: given up; nothing was changed.\n")
        return 130
    return 0


def _set(store: SecretStore, name: str) -> None:
    _refuse_name(name)
    value = getpass.getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.read(_MAX_CHARACTERS + 1)
    value = value.strip()
    if not value or len(value) > _MAX_CHARACTERS:
        raise InvalidInput(f"The value has 1 to {_MAX_CHARACTERS} characters.")
    where = store.set(name, value)
    sys.stdout.write(f"{name} is kept in {'the keyring' if where == 'keyring' else where}.\n")


def _delete(store: SecretStore, name: str) -> None:
    _refuse_name(name)
    if not store.delete(name):
        raise NotFound(f"There is no secret {name!r}.", hint="`chainbot-desktop secret list` names them.")
    sys.stdout.write(f"{name} is gone.\n")


def _refuse_name(name: str) -> None:
    if name == ADMIN_TOKEN:
        raise InvalidInput("The admin token is the program's own.", hint="`chainbot-desktop token` prints it.")
    if name == SIGNING_KEY:
        raise InvalidInput("The key that signs the audit trail is the program's own.")
    if not name.strip() or not name.isprintable() or len(name) > 200:
        raise InvalidInput("A name has 1 to 200 printable characters.")
