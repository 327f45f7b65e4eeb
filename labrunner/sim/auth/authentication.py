"""From credentials to a user: client certificates, bearer tokens, nobody."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from labrunner.sim import errors
from labrunner.sim.auth import certificates
from labrunner.sim.auth.identity import ANONYMOUS, AUTHENTICATED, UNAUTHENTICATED, User
from labrunner.sim.auth.tokens import ISSUER, InvalidTokenError, TokenIssuer


class Authenticator:
    """Knows static tokens (as ``--token-auth-file`` gives them) and the service account tokens of *issuer*."""

    def __init__(self, issuer: TokenIssuer, static_tokens: Mapping[str, User] | None = None) -> None:
        self.issuer = issuer
        self._static = {_digest(token): user for token, user in (static_tokens or {}).items()}

    def authenticate(self, headers: Mapping[str, str], certificate: bytes | None) -> User:
        """The user of a request. *headers* has lower-case names. Raises ApiError (401) for a bad token."""
        user = certificates.user_of(certificate) if certificate is not None else None
        outdated = user is not None and certificate is not None and self._outdated(certificate)
        if user is None or outdated:
            token = _bearer(headers.get("authorization", ""))
            if outdated and not token:
                raise errors.unauthorized()
            user = self._static_user(token) or self._service_account(token) if token else None
            if token and user is None:
                raise errors.unauthorized()
        return _with_groups(user) if user is not None else ANONYMOUS

    def _outdated(self, certificate: bytes) -> bool:
        return certificates.valid_until(certificate) < self.issuer.clock.now()

    def review(self, token: str, audiences: Sequence[str]) -> tuple[User, list[str]]:
        """The user of *token* (groups complete) and those of *audiences* it is for. Raises InvalidTokenError."""
        user = self._static_user(token)
        if user is not None:
            return _with_groups(user), [ISSUER]
        user, shared = self.issuer.verify(token, audiences)
        return _with_groups(user), shared

    def _static_user(self, token: str) -> User | None:
        return self._static.get(_digest(token))

    def _service_account(self, token: str) -> User | None:
        try:
            return self.issuer.verify(token)[0]
        except InvalidTokenError:
            return None


def _digest(token: str) -> bytes:
    # Tokens are looked up by a keyed digest, so that timing tells nothing about them.
    return hmac.digest(b"labrunner", token.encode(), hashlib.sha256)


def _bearer(header: str) -> str:
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _with_groups(user: User) -> User:
    if AUTHENTICATED in user.groups or UNAUTHENTICATED in user.groups:
        return user
    return User(user.name, (*user.groups, AUTHENTICATED), user.uid, user.extra)
