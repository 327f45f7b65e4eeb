"""Certificate signing requests: kubelets' are approved, approved ones are signed, old ones are swept away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Final

from labrunner.sim.auth import Attributes, User, signing_requests
from labrunner.sim.auth.signing_requests import BadRequestError, SigningRequest
from labrunner.sim.clock import parse_timestamp, timestamp
from labrunner.sim.controllers.podstate import condition_true
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone, get_path, meta, name_of

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

REQUESTS: Final = "certificatesigningrequests.certificates.k8s.io"
SIGNERS: Final = frozenset(
    (
        signing_requests.API_CLIENT,
        signing_requests.KUBELET_CLIENT,
        signing_requests.KUBELET_SERVING,
        signing_requests.LEGACY,
    )
)
_HOUR: Final = 3600
_LONGEST: Final = 365 * 24 * _HOUR
_SHORTEST: Final = 600
_PENDING_LIFE: Final = 24 * _HOUR

Sign = Callable[[bytes, int, list[str]], bytes]
"""Signs a PEM request for so many seconds and these usages; the certificate in PEM. Raises ValueError."""

# Who may have a kubelet client certificate approved without asking: by subresource, with the words of the approval.
_APPROVALS: Final = (
    ("selfnodeclient", "Auto approving self kubelet client certificate after SubjectAccessReview."),
    ("nodeclient", "Auto approving kubelet client certificate after SubjectAccessReview."),
)


def _settled(request: Obj) -> bool:
    return any(condition_true(request, kind) for kind in ("Approved", "Denied", "Failed"))


def _parsed(request: Obj) -> SigningRequest | None:
    try:
        return signing_requests.parse(signing_requests.request_of(request))
    except BadRequestError:
        return None


class ApprovingController(Controller):
    """Approves what kubelets ask for their own client certificates, when they may."""

    name = "csrapproving"

    def watches(self) -> Mapping[str, Mapper]:
        return {REQUESTS: itself}

    def reconcile(self, key: Key) -> float | None:
        found = self.api.store.get(REQUESTS, *key)
        if found is None or get_path(found, "status", "certificate") or _settled(found):
            return None
        spec: Obj = found.get("spec") or {}
        signer, authorizer = signing_requests.KUBELET_CLIENT, self.api.authorizer
        if spec.get("signerName") != signer or authorizer is None:
            return None
        asked = _parsed(found)
        if asked is None or signing_requests.objection(signer, asked, spec.get("usages") or []):
            return None
        user = User(spec.get("username") or "", tuple(spec.get("groups") or ()), spec.get("uid") or "")
        for subresource, message in _APPROVALS:
            if subresource == "selfnodeclient" and user.name != asked.common_name:
                continue
            group, plural = "certificates.k8s.io", "certificatesigningrequests"
            if authorizer.authorize(user, Attributes("create", group, "*", plural, subresource)).allowed:
                self._approve(found, message)
                break
        return None

    def _approve(self, found: Obj, message: str) -> None:
        changed = clone(found)
        changed.setdefault("status", {}).setdefault("conditions", []).append(
            {"type": "Approved", "status": "True", "reason": "AutoApproved", "message": message}
        )
        self.api.update(REQUESTS, changed, subresource="approval")


class SigningController(Controller):
    """Signs what is approved."""

    name = "csrsigning"

    def __init__(self, api: Api, sign: Sign | None) -> None:
        super().__init__(api)
        self._sign = sign

    def watches(self) -> Mapping[str, Mapper]:
        return {REQUESTS: itself}

    def reconcile(self, key: Key) -> float | None:
        found = self.api.store.get(REQUESTS, *key)
        if found is None or self._sign is None or get_path(found, "status", "certificate"):
            return None
        approved = condition_true(found, "Approved") and not condition_true(found, "Denied")
        if not approved or condition_true(found, "Failed"):
            return None
        spec: Obj = found.get("spec") or {}
        signer, usages = spec.get("signerName") or "", list(spec.get("usages") or [])
        asked = _parsed(found) if signer in SIGNERS else None
        if asked is None:
            return None
        changed = clone(found)
        problem = signing_requests.objection(signer, asked, usages)
        if problem:
            self._fail(changed, problem)
        else:
            seconds = spec.get("expirationSeconds")
            seconds = _LONGEST if seconds is None else max(_SHORTEST, min(_LONGEST, int(seconds)))
            pem = self._sign(signing_requests.request_of(found), seconds, usages)
            changed.setdefault("status", {})["certificate"] = signing_requests.encoded(pem)
        self.api.update_status(REQUESTS, changed)
        return None

    def _fail(self, changed: Obj, why: str) -> None:
        now = timestamp(self.api.clock.now())
        changed.setdefault("status", {}).setdefault("conditions", []).append(
            {
                "type": "Failed",
                "status": "True",
                "reason": "SignerValidationFailure",
                "message": why,
                "lastUpdateTime": now,
                "lastTransitionTime": now,
            }
        )


class RequestCleaner(Controller):
    """Deletes requests an hour after they were signed or denied, a day after nobody looked at them."""

    name = "csrcleaner"

    def watches(self) -> Mapping[str, Mapper]:
        return {REQUESTS: itself}

    def reconcile(self, key: Key) -> float | None:
        found = self.api.store.get(REQUESTS, *key)
        due = _due(found) if found is not None else None
        if found is None or due is None:
            return None
        left = due - self.api.clock.now().timestamp()
        if left > 0:
            return left
        try:
            self.api.delete(REQUESTS, name_of(found))
        except ApiError as error:
            if error.reason != "NotFound":
                raise
        return None


def _due(request: Obj) -> float | None:
    """When *request* is to go, in seconds since 1970; None while nothing says so."""
    conditions = get_path(request, "status", "conditions", default=[])
    if not conditions:
        return _moment(meta(request).get("creationTimestamp")) + _PENDING_LIFE
    signed = bool(get_path(request, "status", "certificate"))
    times = [
        _moment(condition.get("lastUpdateTime"))
        for condition in conditions
        if condition.get("type") == "Denied" or (condition.get("type") == "Approved" and signed)
    ]
    return min(times) + _HOUR if times else None


def _moment(text: str | None) -> float:
    found: datetime | None = parse_timestamp(text) if text else None
    return found.timestamp() if found is not None else float("inf")
