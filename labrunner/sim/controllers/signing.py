"""Certificate signing requests: approved ones for the built-in client signer get their certificate."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.clock import timestamp
from labrunner.sim.controllers.podstate import condition_true
from labrunner.sim.controllers.runner import Controller, Key, Mapper, itself
from labrunner.sim.objects import Obj, clone, get_path

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api

REQUESTS: Final = "certificatesigningrequests.certificates.k8s.io"
SIGNERS: Final = frozenset(
    (
        "kubernetes.io/kube-apiserver-client",
        "kubernetes.io/kube-apiserver-client-kubelet",
        "kubernetes.io/kubelet-serving",
        "kubernetes.io/legacy-unknown",
    )
)
_DAY: Final = 86400

Sign = Callable[[bytes, int], bytes]
"""Signs a PEM request for so many days; the certificate in PEM. Raises ValueError."""


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
        if get_path(found, "spec", "signerName") not in SIGNERS:
            return None
        changed = clone(found)
        try:
            request = base64.b64decode(get_path(found, "spec", "request", default=""), validate=True)
            seconds = int(get_path(found, "spec", "expirationSeconds", default=365 * _DAY))
            certificate = self._sign(request, max(1, min(365, -(-seconds // _DAY))))
        except (ValueError, binascii.Error) as error:
            self._fail(changed, str(error))
        else:
            changed.setdefault("status", {})["certificate"] = base64.b64encode(certificate).decode()
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
