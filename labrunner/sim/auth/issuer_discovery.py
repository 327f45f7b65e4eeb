"""What others need to verify the cluster's tokens: the OpenID provider configuration and the public keys."""

from __future__ import annotations

from typing import Final

from labrunner.sim.auth.signing_key import ALGORITHM
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
        "id_token_signing_alg_values_supported": [ALGORITHM],
    }


def keys(issuer: TokenIssuer) -> Obj:
    """The JSON web key set that the tokens are signed with."""
    return {"keys": [issuer.key.web_key()]}
