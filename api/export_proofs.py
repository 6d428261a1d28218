"""The proofs of audit exports that were streamed: a signature is known at the end of a stream, where no header can carry it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

_MOST = 50


@dataclass(frozen=True, slots=True)
class ExportProof:
    """The bytes of the manifest, the signature over them (base64), and the public key (PEM)."""

    manifest: bytes
    signature: bytes
    key: bytes


class ExportProofs:
    """The newest fifty, in memory."""

    def __init__(self) -> None:
        self._proofs: OrderedDict[str, ExportProof] = OrderedDict()

    def keep(self, export_id: str, proof: ExportProof) -> None:
        self._proofs[export_id] = proof
        while len(self._proofs) > _MOST:
            self._proofs.popitem(last=False)

    def get(self, export_id: str) -> ExportProof | None:
        return self._proofs.get(export_id)
