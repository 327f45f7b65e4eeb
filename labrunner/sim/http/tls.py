"""The certificates of one simulated cluster: its own, in its directory, trusted by its kubeconfig alone."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from labrunner.sim.http.files import write_private

NAMES: Final = (
    "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)  # fmt: skip
ADDRESSES: Final = ("127.0.0.1", "::1", "10.96.0.1")
ADMIN: Final = "kubernetes-admin"
ADMIN_GROUPS: Final = ("system:masters",)
_NO_CHECK_TIME: Final = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which the ssl module has no name for."""


@dataclass(frozen=True, slots=True)
class Pki:
    """Where the certificates and keys of a cluster are."""

    directory: Path

    @property
    def ca(self) -> Path:
        return self.directory / "ca.crt"

    @property
    def ca_key(self) -> Path:
        return self.directory / "ca.key"

    @property
    def server(self) -> Path:
        """Server certificate and key in one file."""
        return self.directory / "server.pem"

    @property
    def admin(self) -> Path:
        return self.directory / "admin.crt"

    @property
    def admin_key(self) -> Path:
        return self.directory / "admin.key"

    @property
    def accounts_key(self) -> Path:
        """Where the key that signs service account tokens is, once one has been issued."""
        return self.directory / "service-accounts.key"

    def accounts_pem(self) -> bytes:
        """The key that signs service account tokens. Made on first use: many clusters never issue a token."""
        if not self.accounts_key.is_file():
            from labrunner.sim.http.authority import signing_key

            write_private(self.accounts_key, signing_key())
        return self.accounts_key.read_bytes()

    def complete(self) -> bool:
        """Whether every file that serving takes is there."""
        files = (self.ca, self.ca_key, self.server, self.admin, self.admin_key)
        return all(path.is_file() for path in files)

    def sign_request(self, request: bytes, *, seconds: int, usages: Iterable[str], now: datetime) -> bytes:
        """A certificate for a PEM certificate signing request. Raises ValueError when it is none."""
        from labrunner.sim.http.authority import Authority

        authority = Authority.load(self.ca.read_bytes(), self.ca_key.read_bytes())
        return authority.sign_request(request, seconds=seconds, usages=usages, now=now)


def ensure(directory: Path) -> Pki:
    """The cluster's certificates, generated on first use."""
    pki = Pki(directory)
    if not pki.complete():
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        _generate(pki)
    return pki


def server_context(pki: Pki) -> ssl.SSLContext:
    """TLS 1.2 or newer; client certificates are optional, but one that is shown must be the authority's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(pki.server)
    context.load_verify_locations(pki.ca)
    context.verify_mode = ssl.CERT_OPTIONAL
    # An expired certificate is answered with 401, as by an API server, not with a failed handshake.
    context.verify_flags |= _NO_CHECK_TIME
    context.set_alpn_protocols(["http/1.1"])
    return context


def _generate(pki: Pki) -> None:
    from labrunner.sim.http.authority import Authority

    authority = Authority.create("labrunner-simulated-ca")
    certificate, key = authority.pem()
    server, server_key = authority.issue_server("kube-apiserver", NAMES, ADDRESSES)
    admin, admin_key = authority.issue_client(ADMIN, ADMIN_GROUPS)
    write_private(pki.ca_key, key)
    write_private(pki.server, server + server_key)
    write_private(pki.admin_key, admin_key)
    write_private(pki.admin, admin)
    write_private(pki.ca, certificate)
