"""What the operating system says to a file operation, in a sentence for people."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from chainbot_desktop.core.errors import ChainBotError, Conflict, InvalidInput, NotFound, Unavailable
from chainbot_desktop.workspace.paths import readable


class NoPermission(ChainBotError):
    code = "no_permission"
    http_status = 403


class NotText(InvalidInput):
    """The file holds something that an editor of text would destroy."""

    code = "not_text"


class Unencodable(InvalidInput):
    """A character that the file's encoding has no bytes for."""

    code = "unencodable"


class ChangedOnDisk(Conflict):
    """The file is not what was opened. Choices: overwrite it, reload it, save elsewhere."""

    code = "changed_on_disk"


class AlreadyThere(Conflict):
    """A file of that name exists and was not opened here."""

    code = "already_there"


_Refusal = tuple[type[ChainBotError], str, str, str]

_BY_ERRNO: dict[int, _Refusal] = {
    errno.ENOENT: (NotFound, "{name} does not exist.", "It may have been moved or deleted.", "not_found"),
    errno.ENOTDIR: (NotFound, "{name} is not inside a folder: a part of its path is a file.", "", "not_found"),
    errno.EISDIR: (InvalidInput, "{name} is a folder, not a file.", "", "is_folder"),
    errno.EACCES: (
        NoPermission,
        "You have no permission to {verb} {name}.",
        "Ask its owner, or choose another place.",
        "no_permission",
    ),
    errno.ENOSPC: (
        Unavailable,
        "The disk is full: {name} was not saved, and what it held before is untouched.",
        "Free some space or save it on another disk.",
        "disk_full",
    ),
    errno.EFBIG: (Unavailable, "The disk takes no file of that size: {name} was not saved.", "", "disk_full"),
    errno.EROFS: (NoPermission, "The disk of {name} is read-only.", "Save it elsewhere.", "read_only_disk"),
    errno.ELOOP: (InvalidInput, "{name} is a symbolic link that leads back to itself.", "", "link_loop"),
    errno.ENAMETOOLONG: (InvalidInput, "The name of {name} is too long for this disk.", "", "name_too_long"),
}
_BY_ERRNO[errno.EPERM] = _BY_ERRNO[errno.EACCES]
_BY_ERRNO[errno.EDQUOT] = _BY_ERRNO[errno.ENOSPC]


def refusal_of(error: OSError, path: Path, verb: str) -> ChainBotError:
    """`verb` names what was tried ("open", "save", "list")."""
    name = readable(path)
    known = _BY_ERRNO.get(error.errno or 0)
    if known is None:
        reason = os.strerror(error.errno) if error.errno else str(error)
        return Unavailable(f"Could not {verb} {name}: {reason}.", code="file_error")
    refusal, sentence, hint, code = known
    return refusal(sentence.format(name=name, verb=verb), hint=hint, code=code)
