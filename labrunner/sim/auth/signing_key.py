"""The RSA key that signs service account tokens (RS256), as kubeadm makes it. Loaded when the first token comes."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from labrunner.sim.objects import Obj

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

ALGORITHM: Final = "RS256"


class SigningKey:
    """Signs and verifies. *pem* gives the private key; it is asked once, and may well make the key then."""

    def __init__(self, pem: Callable[[], bytes]) -> None:
        self._pem = pem
        self._loaded: RSAPrivateKey | None = None

    def sign(self, message: bytes) -> bytes:
        """The signature of *message*."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        return self._private().sign(message, PKCS1v15(), hashes.SHA256())

    def has_signed(self, message: bytes, signature: bytes) -> bool:
        """Whether *signature* is that of *message* by this key."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        try:
            self._private().public_key().verify(signature, message, PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def key_id(self) -> str:
        """The key's name in token headers and in the key set: a digest of the public key."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        public = self._private().public_key()
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return _base64(hashlib.sha256(der).digest())

    def web_key(self) -> Obj:
        """The public half as a JSON web key."""
        numbers = self._private().public_key().public_numbers()
        return {
            "use": "sig",
            "kty": "RSA",
            "kid": self.key_id(),
            "alg": ALGORITHM,
            "n": _number(numbers.n),
            "e": _number(numbers.e),
        }

    def _private(self) -> RSAPrivateKey:
        if self._loaded is None:
            from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
            from cryptography.hazmat.primitives.serialization import load_pem_private_key

            found = load_pem_private_key(self._pem(), None)
            if not isinstance(found, RSAPrivateKey):
                raise TypeError("the key for service account tokens is no RSA key")
            self._loaded = found
        return self._loaded


def _number(value: int) -> str:
    return _base64(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
