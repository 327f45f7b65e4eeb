"""What others need to verify the cluster's tokens: the OpenID provider configuration and the public keys."""

from __future__ import annotations

import base64
from typing import Final

from labrunner.sim.auth.tokens import ISSUER, TokenIssuer
from labrunner.sim.objects import Obj

CONFIGURATION: Final = "/.well-known/openid-configuration"
KEYS: Final = "/openid/v1/jwks"
KEYS_TYPE: Final = "application/jwk-set+json"


def configuration(address: str) -> Obj:
    """The provider configuration; *address* is ``host:port`` of the API."""
    return {
        "issuer": ISSUER,
        "jwks_uri": f"https://{address}{KEYS}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
    }


def keys(issuer: TokenIssuer) -> Obj:
    """The JSON web key set that the tokens are signed with."""
    numbers = issuer.public_key().public_numbers()
    point = {"x": _coordinate(numbers.x), "y": _coordinate(numbers.y)}
    return {
        "keys": [{"use": "sig", "kty": "EC", "kid": issuer.key_id(), "crv": "P-256", "alg": "ES256", **point}]
    }


def _coordinate(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes(32, "big")).rstrip(b"=").decode("ascii")
