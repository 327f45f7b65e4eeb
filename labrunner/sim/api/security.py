"""Who is asking and may they: authentication, impersonation, authorization of one HTTP request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from labrunner.sim.api.local import Api
from labrunner.sim.api.requestinfo import RequestInfo
from labrunner.sim.auth import (
    Attributes,
    Authenticator,
    Authorizer,
    SigningKey,
    TokenIssuer,
    User,
    refusal,
)
from labrunner.sim.auth.identity import MASTERS
from labrunner.sim.auth.reviews import Reviewer
from labrunner.sim.clock import timestamp
from labrunner.sim.http import Request
from labrunner.sim.objects import Obj, clone, labels_of, meta

if TYPE_CHECKING:
    from labrunner.sim.auth.impersonation import Impersonator

_ALWAYS_OPEN = frozenset(("/healthz", "/livez", "/readyz", "/version"))
_LAST_USED: Final = "kubernetes.io/legacy-token-last-used"
_NO_QUERY: Mapping[str, str] = MappingProxyType({})


class Security:
    """Authenticator, authorizer and reviews of one cluster.

    *key* gives the PEM of the token-signing key; *tokens* are static bearer tokens and whom they stand for.
    """

    def __init__(self, api: Api, key: Callable[[], bytes], tokens: Mapping[str, User] | None = None) -> None:
        self.issuer = TokenIssuer(SigningKey(key), api.store.get, api.clock)
        self._api = api
        self.issuer.on_legacy_use = self._note_use
        self.authenticator = Authenticator(self.issuer, tokens)
        self.authorizer = api.authorizer = Authorizer(api.store)
        self._impersonator: Impersonator | None = None
        self.reviewer = Reviewer(self.authorizer, self.authenticator, api.clock)

    def user(self, request: Request, info: RequestInfo) -> User:
        """The acting user. Raises ApiError (400, 401, 403)."""
        headers, certificate = request.headers, request.peer_certificate
        user = self.authenticator.authenticate(headers, certificate.der if certificate is not None else None)
        if "impersonate-user" in headers or any(name.startswith("impersonate-") for name in headers):
            return self._impersonation().act(
                user, request.head.all, headers, _attributes(info, request.query)
            )
        return user

    def _impersonation(self) -> Impersonator:
        if self._impersonator is None:
            from labrunner.sim.auth.impersonation import Impersonator

            self._impersonator = Impersonator(self.authorizer)
        return self._impersonator

    def authorize(self, user: User, info: RequestInfo, query: Mapping[str, str] = _NO_QUERY) -> None:
        """Raises ApiError (403) unless *user* may do it. *query* has the selector that may narrow the request."""
        if MASTERS in user.groups or (not info.is_resource and info.path in _ALWAYS_OPEN):
            return
        wanted = _attributes(info, query)
        decision = self.authorizer.authorize(user, wanted)
        if not decision.allowed:
            raise refusal(user, wanted, decision.reason)

    def _note_use(self, secret: Obj) -> None:
        """Label a Secret whose token was used with the day, as the server does."""
        today = timestamp(self._api.clock.now()).partition("T")[0]
        if labels_of(secret).get(_LAST_USED) == today:
            return
        changed = clone(secret)
        meta(changed).setdefault("labels", {})[_LAST_USED] = today
        self._api.update("secrets", changed, manager="kube-apiserver")

    def is_admin(self, user: User) -> bool:
        """Whether *user* may steer the simulation itself."""
        return MASTERS in user.groups


def _attributes(info: RequestInfo, query: Mapping[str, str]) -> Attributes:
    if not info.is_resource:
        return Attributes(info.verb, path=info.path)
    name, selector = info.name, ""
    if info.verb in ("list", "watch", "deletecollection"):
        # A collection narrowed down to one name is authorized as that one object.
        selector = query.get("fieldSelector", "")
        name = name or _selected_name(selector)
    return Attributes(
        info.verb, info.group, info.version, info.resource, info.subresource, name, info.namespace,
        field_selector=selector,
    )  # fmt: skip


def _selected_name(selector: str) -> str:
    for term in selector.split(","):
        key, equals, value = term.replace("==", "=").partition("=")
        if equals and key.strip() == "metadata.name":
            return value.strip()
    return ""
