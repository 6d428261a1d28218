"""The key with which this installation signs what it says of its audit trail (Ed25519), and checking such signatures.

It is made at the first signature and kept with the other secrets. Whoever can read it can sign in our name: it proves nothing against
somebody who has the account of the program, and everything against whoever has only the database, a backup or an export.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from chainbot_desktop.core.json_codec import canonical_json
from chainbot_desktop.security.secret_store import SecretStore

SIGNING_KEY = "audit signing key"
"""The name under which it is kept."""


class Signer:
    def __init__(self, private: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # slow to import

        self._key = Ed25519PrivateKey.from_private_bytes(private)
        self.public = b64encode(self._key.public_key().public_bytes_raw()).decode()
        """The public key: 32 bytes in base64."""
        self.fingerprint = fingerprint(self.public)

    def sign(self, document: Mapping[str, Any]) -> str:
        """The signature (base64) over the canonical JSON of `document`."""
        return self.sign_bytes(canonical_json(document))

    def sign_bytes(self, content: bytes) -> str:
        return b64encode(self._key.sign(content)).decode()


def read_or_make_signer(store: SecretStore) -> Signer:
    """May block, and raise SecretsUnavailable."""
    kept = store.get(SIGNING_KEY)
    if kept is None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        kept = b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()
        store.set(SIGNING_KEY, kept)
    return Signer(b64decode(kept))


def read_signer(store: SecretStore) -> Signer | None:
    """As `read_or_make_signer`, without making one."""
    kept = store.get(SIGNING_KEY)
    return Signer(b64decode(kept)) if kept is not None else None


def is_signed(document: Mapping[str, Any], signature: str, public: str) -> bool:
    """Whether `signature` over `document` was made with the key whose public half is `public`. False too for what is neither."""
    try:
        return are_signed(canonical_json(document), signature, public)
    except (ValueError, TypeError):  # no document
        return False


def are_signed(content: bytes, signature: str, public: str) -> bool:
    """As `is_signed`, for bytes."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(b64decode(public, validate=True))
        key.verify(b64decode(signature, validate=True), content)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def public_pem(public: str) -> bytes:
    """The key as other programs read it (`openssl pkey -pubin`)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = Ed25519PublicKey.from_public_bytes(b64decode(public))
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(public: str) -> str:
    """As ssh writes it: SHA256: and the digest of the key's bytes in base64. `public` is base64."""
    return "SHA256:" + b64encode(sha256(b64decode(public)).digest()).decode().rstrip("=")
