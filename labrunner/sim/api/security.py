"""Who is asking and may they: authentication, impersonation, authorization of one HTTP request."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from labrunner.sim.api.local import Api
from labrunner.sim.api.requestinfo import RequestInfo
from labrunner.sim.auth import Attributes, Authenticator, Authorizer, TokenIssuer, User, impersonate, refusal
from labrunner.sim.auth.identity import MASTERS
from labrunner.sim.auth.reviews import Reviewer
from labrunner.sim.http import Request

_ALWAYS_OPEN = frozenset(("/healthz", "/livez", "/readyz", "/version"))


class Security:
    """Authenticator, authorizer and reviews of one cluster.

    *key* is the file of the token-signing key; *tokens* are static bearer tokens and whom they stand for.
    """

    def __init__(self, api: Api, key: Path, tokens: Mapping[str, User] | None = None) -> None:
        self.issuer = TokenIssuer(key.read_bytes(), api.store.get, api.clock)
        self.authenticator = Authenticator(self.issuer, tokens)
        self.authorizer = Authorizer(api.store)
        self.reviewer = Reviewer(self.authorizer, self.authenticator, api.clock)

    def user(self, request: Request) -> User:
        """The acting user. Raises ApiError (401, 403)."""
        headers, certificate = request.headers, request.peer_certificate
        user = self.authenticator.authenticate(headers, certificate.der if certificate is not None else None)
        if "impersonate-user" in headers or any(name.startswith("impersonate-") for name in headers):
            return impersonate(user, request.head.all, headers, self.authorizer)
        return user

    def authorize(self, user: User, info: RequestInfo) -> None:
        """Raises ApiError (403) unless *user* may do it."""
        if MASTERS in user.groups or (not info.is_resource and info.path in _ALWAYS_OPEN):
            return
        wanted = (
            Attributes(
                info.verb,
                info.group,
                info.version,
                info.resource,
                info.subresource,
                info.name,
                info.namespace,
            )
            if info.is_resource
            else Attributes(info.verb, path=info.path)
        )
        decision = self.authorizer.authorize(user, wanted)
        if not decision.allowed:
            raise refusal(user, wanted, decision.reason)

    def is_admin(self, user: User) -> bool:
        """Whether *user* may steer the simulation itself."""
        return MASTERS in user.groups
