"""CertificateSigningRequests: what may be asked, and what approval and signing may write."""

from __future__ import annotations

import base64
import binascii
from typing import Final

from labrunner.sim import names
from labrunner.sim.auth import signing_requests
from labrunner.sim.errors import duplicate, forbidden_field, invalid_value, not_supported, required, too_long
from labrunner.sim.gotext import quote
from labrunner.sim.objects import Obj, get_path
from labrunner.sim.validation import meta
from labrunner.sim.validation.syntax import Errors

USAGES: Final = (
    "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
    "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel",
    "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
    "server auth", "signing", "timestamping",
)  # fmt: skip
_CONDITIONS: Final = "status.conditions"
_CERTIFICATE: Final = "status.certificate"
_FINAL: Final = ("Approved", "Denied", "Failed")
_LEAST_SECONDS: Final = 600


def create_request(obj: Obj) -> Errors:
    """A new request."""
    return meta.create(obj, False, names.path_segment) + _request(obj, None)


def update_request(new: Obj, old: Obj) -> Errors:
    """A request changed by itself: nothing but its metadata."""
    return _update(new, old)


def approve_request(new: Obj, old: Obj) -> Errors:
    """Through ``approval``: conditions are set."""
    return _update(new, old, approving=True)


def sign_request(new: Obj, old: Obj) -> Errors:
    """Through ``status``: the certificate is set."""
    return _update(new, old, signing=True)


def _request(obj: Obj, old: Obj | None) -> Errors:
    spec: Obj = obj.get("spec") or {}
    out: Errors = []
    if old is None:
        try:
            signing_requests.parse(signing_requests.request_of(obj))
        except signing_requests.BadRequestError as error:
            out.append(invalid_value("spec.request", spec.get("request") or "", str(error)))
        out += _usages(spec.get("usages") or [])
        out += _signer(spec.get("signerName") or "")
        seconds = spec.get("expirationSeconds")
        if seconds is not None and seconds < _LEAST_SECONDS:
            text = "may not specify a duration less than 600 seconds (10 minutes)"
            out.append(invalid_value("spec.expirationSeconds", seconds, text))
    out += _conditions(get_path(obj, "status", "conditions", default=[]))
    certificate = get_path(obj, "status", "certificate", default="")
    if certificate and certificate != get_path(old or {}, "status", "certificate"):
        problem = _bad_certificate(certificate)
        if problem:
            out.append(invalid_value(_CERTIFICATE, "<certificate data>", problem))
    return out


def _usages(usages: list[str]) -> Errors:
    out: Errors = [] if usages else [required("spec.usages")]
    for i, usage in enumerate(usages):
        if usage not in USAGES:
            out.append(not_supported(f"spec.usages[{i}]", usage, USAGES))
    for i, usage in enumerate(usages):
        if usage in usages[:i]:
            out.append(duplicate(f"spec.usages[{i}]", usage))
    return out


def _signer(signer: str) -> Errors:
    path = "spec.signerName"
    if signer == signing_requests.LEGACY:
        return [invalid_value(path, signer, "the legacy signerName is not allowed via this API version")]
    if not signer:
        return [required(path)]
    parts = signer.split("/")
    if len(parts) != 2:
        text = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [invalid_value(path, signer, text)]
    domain, name = parts
    out: Errors = [too_long(path, 253)] if len(domain) > 253 else []
    for label in domain.split("."):
        wrong = names.dns_label(label)
        if wrong:
            out += [invalid_value(path, domain, f"validating label {quote(label)}: {text}") for text in wrong]
            break
    if "." not in domain:
        text = "should be a domain with at least two segments separated by dots"
        out.append(invalid_value(path, domain, text))
    for label in name.split("."):
        wrong = names.dns_subdomain(label)
        if wrong:
            out += [invalid_value(path, name, f"validating label {quote(label)}: {text}") for text in wrong]
            break
    return out


def _conditions(conditions: list[Obj]) -> Errors:
    out: Errors = []
    seen: list[str] = []
    for i, condition in enumerate(conditions):
        path, kind, status = f"{_CONDITIONS}[{i}]", condition.get("type") or "", condition.get("status") or ""
        if not kind:
            out.append(required(f"{path}.type"))
        allowed = ("True",) if kind in _FINAL else ("False", "True", "Unknown")
        if not status:
            out.append(required(f"{path}.status"))
        elif status not in allowed:
            out.append(not_supported(f"{path}.status", status, allowed))
        if {"Approved": "Denied", "Denied": "Approved"}.get(kind) in seen:
            text = "Approved and Denied conditions are mutually exclusive"
            out.append(invalid_value(f"{path}.type", kind, text))
        if kind in seen:
            out.append(duplicate(f"{path}.type", kind))
        seen.append(kind)
    return out


def _bad_certificate(encoded: str) -> str:
    try:
        text = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        text = b""
    if b"-----BEGIN CERTIFICATE-----" not in text:
        return "must contain at least one CERTIFICATE PEM block"
    return ""


def _update(new: Obj, old: Obj, *, approving: bool = False, signing: bool = False) -> Errors:
    out = _request(new, old)
    for kind in _FINAL:
        before, after = _of_type(old, kind), _of_type(new, kind)
        if len(after) < len(before):
            out.append(
                forbidden_field(_CONDITIONS, f"updates may not remove a condition of type {quote(kind)}")
            )
        elif not approving and kind != "Failed" and len(after) > len(before):
            out.append(forbidden_field(_CONDITIONS, f"updates may not add a condition of type {quote(kind)}"))
        elif not approving and kind != "Failed" and after != before:
            text = f"updates may not modify a condition of type {quote(kind)}"
            out.append(forbidden_field(_CONDITIONS, text))
    before_text = get_path(old, "status", "certificate", default="")
    if get_path(new, "status", "certificate", default="") != before_text:
        if not signing:
            out.append(forbidden_field(_CERTIFICATE, "updates may not set certificate content"))
        elif before_text:
            out.append(forbidden_field(_CERTIFICATE, "updates may not modify existing certificate content"))
    return out + meta.update(new, old)


def _of_type(obj: Obj, kind: str) -> list[Obj]:
    found = get_path(obj, "status", "conditions", default=[])
    return [condition for condition in found if condition.get("type") == kind]
