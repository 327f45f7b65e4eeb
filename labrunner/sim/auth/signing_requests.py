"""What a PKCS#10 certificate signing request asks for. ``cryptography`` is loaded when the first one comes."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from labrunner.sim.objects import Obj, get_path

API_CLIENT: Final = "kubernetes.io/kube-apiserver-client"
KUBELET_CLIENT: Final = "kubernetes.io/kube-apiserver-client-kubelet"
KUBELET_SERVING: Final = "kubernetes.io/kubelet-serving"
LEGACY: Final = "kubernetes.io/legacy-unknown"
_PEM: Final = re.compile(
    rb"(?:^|\n)-----BEGIN ([^\n-]+)-----[ \t\r]*\n(.*?)\n-----END \1-----", re.DOTALL | re.ASCII
)


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """Subject and alternative names of a request whose signature is right."""

    common_name: str
    organizations: tuple[str, ...]
    dns_names: tuple[str, ...] = ()
    email_addresses: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()


class BadRequestError(Exception):
    """No signing request; the message is the API server's."""


def request_of(obj: Obj) -> bytes:
    """The PEM text in ``spec.request`` of a CertificateSigningRequest. Raises BadRequestError."""
    try:
        return base64.b64decode(get_path(obj, "spec", "request", default=""), validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise BadRequestError("PEM block type must be CERTIFICATE REQUEST") from None


@lru_cache(maxsize=64)
def parse(pem: bytes) -> SigningRequest:
    """What *pem* asks for. Raises BadRequestError."""
    found = _PEM.search(pem)
    if found is None or found[1] != b"CERTIFICATE REQUEST":
        raise BadRequestError("PEM block type must be CERTIFICATE REQUEST")
    try:
        der = base64.b64decode(b"".join(found[2].split()), validate=True)
    except binascii.Error:
        raise BadRequestError("PEM block type must be CERTIFICATE REQUEST") from None
    return _read(der)


def _read(der: bytes) -> SigningRequest:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.x509.oid import NameOID

    try:
        request = x509.load_der_x509_csr(der)
        signed = request.is_signature_valid
        subject, key = request.subject, request.public_key()
        extensions = request.extensions
    except Exception as error:  # the library has many ways to say that this is no request
        raise BadRequestError("asn1: syntax error: data truncated") from error
    if not signed:
        by_rsa = isinstance(key, rsa.RSAPublicKey)
        raise BadRequestError(
            "crypto/rsa: verification error" if by_rsa else "x509: ECDSA verification failure"
        )
    try:
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    common = [str(a.value) for a in subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return SigningRequest(
        common[-1] if common else "",
        tuple(str(a.value) for a in subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)),
        tuple(names.get_values_for_type(x509.DNSName)),
        tuple(names.get_values_for_type(x509.RFC822Name)),
        tuple(str(address) for address in names.get_values_for_type(x509.IPAddress)),
        tuple(names.get_values_for_type(x509.UniformResourceIdentifier)),
    )


_ENCIPHERMENT: Final = "key encipherment"


def objection(signer: str, request: SigningRequest, usages: list[str]) -> str:
    """Why the built-in *signer* does not sign *request*; empty when it does."""
    if signer == API_CLIENT:
        return _client_objection(usages)
    if signer == KUBELET_CLIENT:
        return _kubelet_objection(request, usages)
    if signer == KUBELET_SERVING:
        return _serving_objection(request, usages)
    return ""


def _client_objection(usages: list[str]) -> str:
    for usage in usages:
        if usage not in ("client auth", "digital signature", _ENCIPHERMENT):
            return f"invalid usage for client certificate: {usage}"
    return "" if "client auth" in usages else "missing required usage for client certificate: client auth"


def _kubelet_objection(request: SigningRequest, usages: list[str]) -> str:
    if request.organizations != ("system:nodes",):
        return "subject organization is not system:nodes"
    present = (
        ("DNS", request.dns_names), ("Email", request.email_addresses), ("IP", request.ip_addresses),
        ("URI", request.uris),
    )  # fmt: skip
    for title, names in present:
        if names:
            return f"{title} subjectAltNames are not allowed"
    if not request.common_name.startswith("system:node:"):
        return "subject common name does not begin with system:node:"
    return _exactly(usages, "client auth")


def _serving_objection(request: SigningRequest, usages: list[str]) -> str:
    if request.organizations != ("system:nodes",):
        return "subject organization is not system:nodes"
    if not request.dns_names and not request.ip_addresses:
        return "DNS or IP subjectAltName is required"
    if request.email_addresses:
        return "Email subjectAltNames are not allowed"
    if request.uris:
        return "URI subjectAltNames are not allowed"
    wrong = _exactly(usages, "server auth")
    if wrong or request.common_name.startswith("system:node:"):
        return wrong
    return "subject common name does not begin with system:node:"


def _exactly(usages: list[str], purpose: str) -> str:
    needed = sorted(("digital signature", _ENCIPHERMENT, purpose))
    if set(usages) in (set(needed), {"digital signature", purpose}):
        return ""
    return f"usages did not match [{' '.join(needed)}]"


def encoded(pem: bytes) -> str:
    """*pem* as it stands in ``status.certificate``."""
    return base64.b64encode(pem).decode("ascii")
