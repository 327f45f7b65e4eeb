"""CertificateApproval, CertificateSigning and CertificateSubjectRestriction: who may let whom be whom."""

from __future__ import annotations

from typing import Final

from labrunner.sim.admission.request import Request
from labrunner.sim.auth import Attributes, signing_requests
from labrunner.sim.auth.identity import MASTERS
from labrunner.sim.gotext import quote
from labrunner.sim.objects import get_path

REQUESTS: Final = "certificatesigningrequests.certificates.k8s.io"


def check(request: Request) -> None:
    """Raises ApiError 403."""
    if request.gr != REQUESTS:
        return
    if request.operation == "CREATE" and not request.subresource:
        _restrict_subject(request)
    elif request.operation == "UPDATE" and request.subresource == "approval":
        _permit(request, "approve")
    elif request.operation == "UPDATE" and request.subresource == "status" and _signs(request):
        _permit(request, "sign")


def _restrict_subject(request: Request) -> None:
    signer = signing_requests.API_CLIENT
    if request.object is None or get_path(request.object, "spec", "signerName") != signer:
        return
    try:
        asked = signing_requests.parse(signing_requests.request_of(request.object))
    except signing_requests.BadRequestError as error:
        raise request.forbid(f"failed to parse CSR: {error}") from None
    if MASTERS in asked.organizations:
        raise request.forbid(f"use of {signer} signer with {MASTERS} group is not allowed")


def _signs(request: Request) -> bool:
    return any(
        get_path(request.object or {}, "status", key) != get_path(request.old or {}, "status", key)
        for key in ("certificate", "conditions")
    )


def _permit(request: Request, verb: str) -> None:
    signer = get_path(request.old or {}, "spec", "signerName", default="")
    authorizer, user = request.api.authorizer, request.user
    if authorizer is None or user is None:
        return
    domain = signer.partition("/")[0]
    for name in (signer, f"{domain}/*"):
        wanted = Attributes(verb, "certificates.k8s.io", "*", "signers", name=name)
        if authorizer.authorize(user, wanted).allowed:
            return
    raise request.forbid(f"user not permitted to {verb} requests with signerName {quote(signer)}")
