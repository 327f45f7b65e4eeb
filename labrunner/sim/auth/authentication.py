"""From credentials to a user: client certificates, bearer tokens, nobody; and impersonation."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import unquote

from labrunner.sim import errors
from labrunner.sim.auth import certificates
from labrunner.sim.auth.attributes import Attributes, refusal
from labrunner.sim.auth.identity import (
    ANONYMOUS,
    AUTHENTICATED,
    UNAUTHENTICATED,
    User,
    service_account_groups,
    split_service_account,
)
from labrunner.sim.auth.rbac import Authorizer
from labrunner.sim.auth.tokens import InvalidTokenError, TokenIssuer

_IMPERSONATE: Final = "impersonate-"
_EXTRA: Final = "impersonate-extra-"
Values = Callable[[str], list[str]]


class Authenticator:
    """Knows static tokens (as ``--token-auth-file`` gives them) and the service account tokens of *issuer*."""

    def __init__(self, issuer: TokenIssuer, static_tokens: Mapping[str, User] | None = None) -> None:
        self.issuer = issuer
        self._static = {_digest(token): user for token, user in (static_tokens or {}).items()}

    def authenticate(self, headers: Mapping[str, str], certificate: bytes | None) -> User:
        """The user of a request. *headers* has lower-case names. Raises ApiError (401) for a bad token."""
        user = certificates.user_of(certificate) if certificate is not None else None
        if user is None:
            token = _bearer(headers.get("authorization", ""))
            user = self._static_user(token) or self._service_account(token) if token else None
            if token and user is None:
                raise errors.unauthorized()
        return _with_groups(user) if user is not None else ANONYMOUS

    def user_of_token(self, token: str) -> User | None:
        """The user of *token* (groups complete), or None."""
        user = self._static_user(token) or self._service_account(token)
        return _with_groups(user) if user is not None else None

    def _static_user(self, token: str) -> User | None:
        return self._static.get(_digest(token))

    def _service_account(self, token: str) -> User | None:
        try:
            return self.issuer.verify(token)
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


def impersonate(user: User, values: Values, names: Mapping[str, str], authorizer: Authorizer) -> User:
    """The user that *user* wants to act as, or *user*.

    *values* gives every value of a header, *names* has all header names (lower-case). Raises ApiError (403, 500).
    """
    if not any(name.startswith(_IMPERSONATE) for name in names):
        return user
    wanted = (values("impersonate-user") or [""])[0]
    groups = values("impersonate-group")
    uid = (values("impersonate-uid") or [""])[0]
    extra = {
        unquote(name.removeprefix(_EXTRA)): tuple(values(name)) for name in names if name.startswith(_EXTRA)
    }
    if not wanted:
        if not (groups or uid or extra):
            return user
        raise errors.internal("requested groups, uid or extra without impersonating a user")
    account = split_service_account(wanted)
    _allow(user, authorizer, _about_name(wanted, account))
    for group in groups:
        _allow(user, authorizer, Attributes("impersonate", "", "v1", "groups", name=group))
    for key, items in extra.items():
        for item in items:
            about = Attributes("impersonate", "authentication.k8s.io", "v1", "userextras", key, item)
            _allow(user, authorizer, about)
    if uid:
        _allow(user, authorizer, Attributes("impersonate", "authentication.k8s.io", "v1", "uids", name=uid))
    if account is not None and not groups:
        groups = list(service_account_groups(account[0]))
    return User(wanted, _completed(wanted, groups), uid, extra)


def _about_name(wanted: str, account: tuple[str, str] | None) -> Attributes:
    if account is None:
        return Attributes("impersonate", "", "v1", "users", name=wanted)
    return Attributes("impersonate", "", "v1", "serviceaccounts", name=account[1], namespace=account[0])


def _completed(name: str, groups: list[str]) -> tuple[str, ...]:
    if name == ANONYMOUS.name:
        return tuple(groups) if UNAUTHENTICATED in groups else (*groups, UNAUTHENTICATED)
    if AUTHENTICATED in groups or UNAUTHENTICATED in groups:
        return tuple(groups)
    return (*groups, AUTHENTICATED)


def _allow(user: User, authorizer: Authorizer, wanted: Attributes) -> None:
    decision = authorizer.authorize(user, wanted)
    if not decision.allowed:
        raise refusal(user, wanted, decision.reason)
