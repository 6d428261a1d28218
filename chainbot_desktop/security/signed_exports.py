"""An export of the audit trail in four files, and the proof of one offline.

Beside FILE lie `FILE.manifest.json` (what it holds: digest, bounds, hashes, program, key), `FILE.manifest.sig` (the Ed25519 signature
over the bytes of the manifest, base64) and `FILE.pub` (the public key, PEM). A signature by a key proves that nothing was changed since;
that the key is the right one, its fingerprint proves, which must come to the reader by another way.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import orjson

from chainbot_desktop import __version__
from chainbot_desktop.core.errors import ChainBotError, InvalidInput, NotFound
from chainbot_desktop.core.events.envelope import GENESIS_HASH
from chainbot_desktop.core.ids import utc_now
from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.security.signing import Signer, are_signed, fingerprint, public_pem
from chainbot_desktop.store.audit_export import AuditExport, ExportSummary
from chainbot_desktop.store.audit_forms import FORMS, Link

_KIND = "chainbot-audit-export"
_READ = 1024 * 1024
_TELL_EVERY = 5_000
_MAX_MANIFEST = 64 * 1024


class ExportFailed(ChainBotError):
    """The files could not be written. Nothing is left behind."""

    code = "export_failed"


@dataclass(frozen=True, slots=True)
class SignedExport:
    path: Path
    summary: ExportSummary
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What is wrong with an export: `problem` is empty where nothing is. `known_key` None: there is no key of ours to compare with."""

    problem: str
    checked: int
    first_seq: int = 0
    last_seq: int = 0
    time: str = ""
    fingerprint: str = ""
    known_key: bool | None = None


def manifest_of(summary: ExportSummary, name: str, signer: Signer) -> bytes:
    """The bytes of the manifest, which are what is signed."""
    said = asdict(summary)
    said["format"] = said.pop("form")
    about = {"kind": _KIND, "version": 1, "file": name, "time": utc_now(), "program": f"chainbot-desktop {__version__}"}
    return canonical_json({**said, **about, "key": signer.public, "key_fingerprint": signer.fingerprint})


def write_export(
    export: AuditExport, target: Path, signer: Signer, progress: Callable[[int, int], None], stop: Callable[[], bool]
) -> SignedExport | None:
    """Blocks. None where `stop` said so: then, as after any error, nothing is there that was not there before."""
    companions = [Path(f"{target}{ending}") for ending in (".manifest.json", ".manifest.sig", ".pub")]
    try:
        with _temporary(target) as (file, finish):
            for piece in export.pieces(progress):
                if stop():
                    return None
                file.write(piece)
            assert export.summary is not None
            manifest = manifest_of(export.summary, target.name, signer)
            contents = (manifest, signer.sign_bytes(manifest).encode() + b"\n", public_pem(signer.public))
            # The export itself comes last: who sees it, sees all of it.
            for path, content in zip(companions, contents, strict=True):
                with _temporary(path) as (small, finish_small):
                    small.write(content)
                    finish_small()
            finish()
    except OSError as error:
        raise ExportFailed(
            f"{target} cannot be written: {error.strerror or error}.", hint="Name another folder, or make space on the disk."
        ) from error
    return SignedExport(target, export.summary, signer.fingerprint)


@contextmanager
def _temporary(target: Path) -> Iterator[tuple[IO[bytes], Callable[[], None]]]:
    """A file that gets its name by the function that is given with it; without that it is removed."""
    part = target.with_name(f".{target.name[:100]}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:

            def finish() -> None:
                file.flush()
                os.fsync(file.fileno())
                part.replace(target)

            yield file, finish
    finally:
        with suppress(FileNotFoundError):
            part.unlink()


def prove_export(
    path: Path,
    own_key: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> Proof | None:
    """Signature, digest, chain and bounds of an export that lies beside its manifest. Blocks; None where `stop` said so.

    NotFound or InvalidInput where there is no export to prove. `own_key` is the public key (base64) of this installation.
    """
    manifest = _read(Path(f"{path}.manifest.json"))
    signature = _read(Path(f"{path}.manifest.sig"))
    said = _read_manifest(manifest)
    public = str(said["key"])
    known = None if own_key is None else public == own_key

    def proof(problem: str, checked: int = 0) -> Proof:
        mark = fingerprint(public) if _is_key(public) else ""
        return Proof(problem, checked, said["first_seq"], said["last_seq"], str(said["time"]), mark, known)

    if not are_signed(manifest, signature.decode("ascii", "replace").strip(), public):
        return proof("The signature is not of this manifest: it was changed, or signed with another key.")
    digest = _digest(path, stop)
    if digest is None:
        return None
    if digest != said["sha256"]:
        return proof("The file was changed after it was signed: its SHA-256 is another than the manifest says.")
    with path.open("rb") as file:
        problem, checked = _problem_in_chain(FORMS[said["format"]].links(file), said, progress, stop)
    return None if problem is None else proof(problem, checked)


def _problem_in_chain(
    links: Iterator[Link], said: dict[str, Any], progress: Callable[[int, int], None] | None, stop: Callable[[], bool] | None
) -> tuple[str | None, int]:
    """In words, or "" where all fits; None where `stop` said so. And how many events were checked."""
    chain = _Chain(said["first_seq"], said["prev_hash"])
    try:
        for link in links:
            problem = chain.problem_with(link)
            if problem:
                return problem, chain.count
            if chain.count % _TELL_EVERY == 0:
                if progress is not None:
                    progress(chain.count, said["count"])
                if stop is not None and stop():
                    return None, chain.count
    except ValueError as error:
        return f"The file does not hold what it should: {error}.", chain.count
    return chain.problem_at_the_end(said), chain.count


class _Chain:
    def __init__(self, seq: int, before: str) -> None:
        self.count = 0
        self._seq = seq
        self._before = before

    def problem_with(self, link: Link) -> str:
        seq = self._seq
        if link.seq != seq:
            return f"Event {seq} is missing: event {link.seq} stands in its place."
        if link.prev_hash != (self._before if seq > 1 else GENESIS_HASH):
            return f"Event {seq} does not follow event {seq - 1}."
        if sha256(link.prev_hash.encode() + link.envelope).hexdigest() != link.hash:
            return f"Event {seq} was changed after it was written, before it was exported."
        self._seq, self._before, self.count = seq + 1, link.hash, self.count + 1
        return ""

    def problem_at_the_end(self, said: dict[str, Any]) -> str:
        if (self.count, self._before) == (said["count"], said["last_hash"]):
            return ""
        return f"The file holds {self.count} events, the manifest says {said['count']}; or they end with another hash."


def _digest(path: Path, stop: Callable[[], bool] | None) -> str | None:
    digest = sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_READ):
                digest.update(block)
                if stop is not None and stop():
                    return None
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}.") from None
    return digest.hexdigest()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_MANIFEST)
    except OSError as error:
        raise NotFound(
            f"{path} cannot be read: {error.strerror}.", hint="The manifest and its signature lie beside an export."
        ) from None


def _read_manifest(content: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(content)
        texts = ("key", "sha256", "prev_hash", "last_hash", "time")
        numbers = ("first_seq", "last_seq", "count")
        fits = said["kind"] == _KIND and said["version"] == 1 and said["format"] in FORMS
        if fits and all(isinstance(said[name], str) for name in texts) and all(type(said[name]) is int for name in numbers):
            return dict(said)
    except (ValueError, KeyError, TypeError):
        pass
    raise InvalidInput("The manifest is not one of an exported audit trail.", hint="Or a newer program wrote it.")


def _is_key(public: str) -> bool:
    try:
        return len(b64encode(b64decode(public))) > 0
    except ValueError:
        return False
