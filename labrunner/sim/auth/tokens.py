"""Service account tokens: JSON web tokens signed with the cluster's key, bound to objects that must live on."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from labrunner.sim.auth.certificates import CREDENTIAL_ID
from labrunner.sim.auth.identity import User, service_account_groups, service_account_name
from labrunner.sim.auth.signing_key import ALGORITHM, SigningKey
from labrunner.sim.clock import Clock, timestamp
from labrunner.sim.errors import FieldError, bad_request, conflict, invalid, invalid_value, not_found
from labrunner.sim.gotext import quote
from labrunner.sim.objects import Obj, get_path, name_of, namespace_of, uid_of

ISSUER: Final = "https://kubernetes.default.svc.cluster.local"
LEGACY_ISSUER: Final = "kubernetes/serviceaccount"
DEFAULT_SECONDS: Final = 3600
_MIN_SECONDS: Final = 600
_MAX_SECONDS: Final = 1 << 32
_BOUND_KINDS: Final = {"Pod": "pods", "Secret": "secrets", "Node": "nodes"}
_EXTRA: Final = "authentication.kubernetes.io/"

Getter = Callable[[str, str, str], Obj | None]
"""(resource, namespace, name) → the object, or None."""


class InvalidTokenError(Exception):
    """A token that is not ours (then without a message), out of date, or bound to something gone."""


class TokenIssuer:
    """Signs and verifies tokens with *key*."""

    def __init__(self, key: SigningKey, get: Getter, clock: Clock) -> None:
        self.key = key
        self._get = get
        self.clock = clock
        self.on_legacy_use: Callable[[Obj], None] | None = None
        """Called with the Secret whose token somebody showed."""
        self._verified: dict[str, tuple[Obj, float]] = {}

    def request(self, account: Obj, body: Obj) -> Obj:
        """Answer a TokenRequest for *account*. Raises ApiError (404, 409, 422)."""
        spec = dict(body.get("spec") or {})
        seconds = spec.get("expirationSeconds")
        seconds = DEFAULT_SECONDS if seconds is None else seconds
        spec["audiences"] = spec.get("audiences") or [ISSUER]
        spec["expirationSeconds"] = seconds
        problem = _bad_duration(seconds)
        if problem is not None:
            raise invalid("TokenRequest.authentication.k8s.io", "", [problem])
        now = self.clock.now()
        bound = self._bound(account, spec.get("boundObjectRef"))
        until = now + timedelta(seconds=seconds)
        claims = _claims(account, spec["audiences"], now, until, bound)
        spec.setdefault("boundObjectRef", None)
        return {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "metadata": {
                "name": name_of(account),
                "namespace": namespace_of(account),
                "creationTimestamp": timestamp(now),
            },
            "spec": spec,
            "status": {"token": self.sign(claims), "expirationTimestamp": timestamp(until)},
        }

    def legacy(self, account: Obj, secret: Obj) -> str:
        """The token of a ``kubernetes.io/service-account-token`` Secret: no expiry, lives as long as both."""
        prefix = "kubernetes.io/serviceaccount/"
        return self.sign(
            {
                "iss": LEGACY_ISSUER,
                f"{prefix}namespace": namespace_of(account),
                f"{prefix}secret.name": name_of(secret),
                f"{prefix}service-account.name": name_of(account),
                f"{prefix}service-account.uid": uid_of(account),
                "sub": service_account_name(namespace_of(account), name_of(account)),
            }
        )

    def _bound(self, account: Obj, reference: Obj | None) -> dict[str, Obj]:
        """The claims about the object that a token is bound to, and about a pod's node. Raises ApiError."""
        if reference is None:
            return {}
        kind, name = reference.get("kind", ""), reference.get("name", "")
        group, _, version = reference.get("apiVersion", "").rpartition("/")
        plural = _BOUND_KINDS.get(kind) if not group else None
        if plural is None:
            raise bad_request(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
        found = self._get(plural, "" if kind == "Node" else namespace_of(account), name)
        if found is None:
            raise not_found(_Plural(plural), name)
        if kind == "Pod" and get_path(found, "spec", "serviceAccountName") != name_of(account):
            shown = quote(name_of(account))
            why = "to pod running with different serviceaccount name."
            raise bad_request(f"cannot bind token for serviceaccount {shown} {why}")
        uid = uid_of(found)
        if reference.get("uid") and reference["uid"] != uid:
            why = (
                f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
                "The object might have been deleted and then recreated"
            )
            raise conflict(_Plural(kind), name, why)
        claims = {kind.lower(): {"name": name, "uid": uid}}
        node = get_path(found, "spec", "nodeName") if kind == "Pod" else None
        if node:
            known = self._get("nodes", "", node)
            claims = {"node": {"name": node, **({"uid": uid_of(known)} if known else {})}, **claims}
        return claims

    def sign(self, claims: Obj) -> str:
        """A compact JWT of *claims*."""
        header = {"alg": ALGORITHM, "kid": self.key.key_id()}
        signed = f"{_encoded(header)}.{_encoded(claims)}"
        return f"{signed}.{_base64(self.key.sign(signed.encode()))}"

    def verify(self, token: str, audiences: Sequence[str] = (ISSUER,)) -> tuple[User, list[str]]:
        """The service account of *token*, and those of *audiences* it is for. Raises InvalidTokenError."""
        claims = self._signed_claims(token)
        now = self.clock.now().timestamp()
        if claims.get("iss") == LEGACY_ISSUER:
            if ISSUER not in audiences:
                raise _not_for([ISSUER], audiences)
            return self._legacy_user(claims), [ISSUER]
        if claims.get("exp", now + 1) <= now or claims.get("nbf", 0) > now:
            raise InvalidTokenError("service account token has expired")
        meant = claims.get("aud") or []
        shared = [audience for audience in meant if audience in audiences]
        if not shared:
            raise _not_for(meant, audiences)
        return self._bound_user(claims), shared

    def _signed_claims(self, token: str) -> Obj:
        known = self._verified.get(token)
        if known is not None:
            return known[0]
        parts = token.split(".")
        if len(parts) != 3:
            raise InvalidTokenError
        try:
            claims = json.loads(_unbase64(parts[1]))
            signature = _unbase64(parts[2])
        except ValueError:
            raise InvalidTokenError from None
        if not isinstance(claims, dict) or claims.get("iss") not in (ISSUER, LEGACY_ISSUER):
            raise InvalidTokenError
        if not self.key.has_signed(f"{parts[0]}.{parts[1]}".encode(), signature):
            raise InvalidTokenError("go-jose/go-jose: error in cryptographic primitive")
        if len(self._verified) > 1000:
            self._verified.clear()
        self._verified[token] = claims, 0.0
        return claims

    def _bound_user(self, claims: Obj) -> User:
        bound = claims.get("kubernetes.io") or {}
        namespace = bound.get("namespace", "")
        name, uid = get_path(bound, "serviceaccount", "name"), get_path(bound, "serviceaccount", "uid")
        extra: dict[str, tuple[str, ...]] = {}
        if claims.get("jti"):
            extra[CREDENTIAL_ID] = (f"JTI={claims['jti']}",)
        for key, plural in (("pod", "pods"), ("secret", "secrets"), ("node", "nodes")):
            reference = bound.get(key)
            if reference is None:
                continue
            found = self._get(plural, "" if key == "node" else namespace, reference.get("name", ""))
            told = (
                key == "node" and "pod" in bound
            )  # the node of a pod is told, but the token does not die with it
            if not told and (found is None or uid_of(found) != reference.get("uid")):
                raise InvalidTokenError("service account token has been invalidated")
            if key != "secret":
                extra[f"{_EXTRA}{key}-name"] = (reference["name"],)
                extra[f"{_EXTRA}{key}-uid"] = (reference.get("uid", ""),)
        return self._account_user(namespace, name or "", uid or "", extra)

    def _legacy_user(self, claims: Obj) -> User:
        prefix = "kubernetes.io/serviceaccount/"
        namespace = claims.get(f"{prefix}namespace", "")
        secret = self._get("secrets", namespace, claims.get(f"{prefix}secret.name", ""))
        if secret is None:
            raise InvalidTokenError("service account token has been invalidated")
        if self.on_legacy_use is not None:
            self.on_legacy_use(secret)
        name, uid = (
            claims.get(f"{prefix}service-account.name", ""),
            claims.get(f"{prefix}service-account.uid", ""),
        )
        return self._account_user(namespace, name, uid, {})

    def _account_user(
        self, namespace: str, name: str, uid: str, extra: Mapping[str, tuple[str, ...]]
    ) -> User:
        account = self._get("serviceaccounts", namespace, name)
        if account is None:
            raise InvalidTokenError(f"serviceaccounts {quote(name)} not found")
        if uid_of(account) != uid:
            known = f"service account UID ({uid_of(account)})"
            raise InvalidTokenError(f"{known} does not match claim ({uid})")
        return User(service_account_name(namespace, name), service_account_groups(namespace), uid, extra)


def _not_for(meant: list[str], wanted: Sequence[str]) -> InvalidTokenError:
    shown = " ".join(map(quote, meant)), " ".join(map(quote, wanted))
    return InvalidTokenError("token audiences [{}] is invalid for the target audiences [{}]".format(*shown))


class _Plural:
    """A resource type as far as an error needs it."""

    group = ""

    def __init__(self, plural: str) -> None:
        self.plural = plural
        self.kind = plural


def _bad_duration(seconds: Any) -> FieldError | None:
    if seconds < _MIN_SECONDS:
        return invalid_value(
            "spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes"
        )
    if seconds > _MAX_SECONDS:
        return invalid_value(
            "spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds"
        )
    return None


def _claims(account: Obj, audiences: list[str], now: datetime, until: datetime, bound: dict[str, Obj]) -> Obj:
    issued = int(now.timestamp())
    namespace, name = namespace_of(account), name_of(account)
    return {
        "aud": audiences,
        "exp": int(until.timestamp()),
        "iat": issued,
        "iss": ISSUER,
        "jti": str(uuid.uuid4()),
        "kubernetes.io": {
            "namespace": namespace,
            **bound,
            "serviceaccount": {"name": name, "uid": uid_of(account)},
        },
        "nbf": issued,
        "sub": service_account_name(namespace, name),
    }


def _encoded(value: Obj) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
