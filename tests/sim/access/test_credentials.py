"""Client certificates and service account tokens."""

from __future__ import annotations

import base64
import datetime
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from labrunner.sim.auth import ANONYMOUS, Authenticator, TokenIssuer, certificates, issuer_discovery
from labrunner.sim.auth.reviews import Reviewer
from labrunner.sim.auth.tokens import ISSUER, InvalidTokenError
from labrunner.sim.clock import FakeClock
from labrunner.sim.errors import ApiError
from labrunner.sim.http import tls
from labrunner.sim.objects import Obj
from labrunner.sim.store import Store
from tests.sim.access.grants import ROOT, token_of

KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(*names: tuple[x509.ObjectIdentifier, str]) -> bytes:
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    day = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(KEY.public_key())
    )
    builder = builder.serial_number(5).not_valid_before(day).not_valid_after(day + datetime.timedelta(days=9))
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_certificate_gives_name_and_groups() -> None:
    o = NameOID.ORGANIZATION_NAME
    der = certificate((o, "dev"), (NameOID.COMMON_NAME, "jané"), (o, "ops"), (NameOID.COUNTRY_NAME, "DE"))
    found = certificates.user_of(der)
    assert found is not None
    assert (found.name, found.groups) == ("jané", ("dev", "ops"))
    assert found.extra[certificates.CREDENTIAL_ID][0].startswith("X509SHA256=")
    assert certificates.user_of(certificate((o, "dev"))) is None


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80))
def test_no_certificate_at_all_is_nobody(noise: bytes) -> None:
    assert certificates.user_of(noise) is None or certificates.user_of(noise).name  # type: ignore[union-attr]


def test_an_expired_certificate_is_no_credential(issuer: TokenIssuer, store: Store, clock: FakeClock) -> None:
    der = certificate((NameOID.COMMON_NAME, "jane"))
    end = datetime.datetime(2026, 1, 10, tzinfo=datetime.UTC)
    assert certificates.valid_until(der) == end
    authenticator = Authenticator(issuer)
    clock.advance((end - clock.now()).total_seconds() - 1)
    assert authenticator.authenticate({}, der).name == "jane"
    token = token_of(issuer, store)
    clock.advance(2)
    with pytest.raises(ApiError, match="Unauthorized"):
        authenticator.authenticate({}, der)
    assert authenticator.authenticate({"authorization": f"Bearer {token}"}, der).name.endswith(":bob")


def test_a_token_is_good_until_it_expires_or_its_account_goes(
    store: Store, issuer: TokenIssuer, clock: FakeClock
) -> None:
    token = token_of(issuer, store, expirationSeconds=600)
    authenticator = Authenticator(issuer)
    headers = {"authorization": f"Bearer {token}"}
    found = authenticator.authenticate(headers, None)
    groups = ("system:serviceaccounts", "system:serviceaccounts:lab", "system:authenticated")
    assert (found.name, found.groups, found.uid) == ("system:serviceaccount:lab:bob", groups, "u-1")
    clock.advance(601)
    with pytest.raises(ApiError) as late:
        authenticator.authenticate(headers, None)
    assert (late.value.code, late.value.message) == (401, "Unauthorized")
    fresh = {"authorization": f"Bearer {token_of(issuer, store)}"}
    store.remove("serviceaccounts", "lab", "bob")
    with pytest.raises(ApiError, match="Unauthorized"):
        authenticator.authenticate(fresh, None)


POD: Obj = {
    "metadata": {"name": "p", "namespace": "lab", "uid": "pod-1"},
    "spec": {"serviceAccountName": "bob", "nodeName": "n"},
}


def test_a_token_dies_with_the_pod_it_is_bound_to(store: Store, issuer: TokenIssuer) -> None:
    store.put("pods", POD)
    store.put("nodes", {"metadata": {"name": "n", "uid": "node-1"}})
    token = token_of(issuer, store, boundObjectRef={"kind": "Pod", "name": "p", "uid": "pod-1"})
    found, shared = Authenticator(issuer).review(token, [ISSUER])
    assert shared == [ISSUER]
    told = {key.partition("/")[2]: value for key, value in found.extra.items() if "credential" not in key}
    assert told == {
        "node-name": ("n",), "node-uid": ("node-1",), "pod-name": ("p",), "pod-uid": ("pod-1",),
    }  # fmt: skip
    store.remove("nodes", "", "n")  # a pod's node is only told
    assert Authenticator(issuer).review(token, [ISSUER])[0].name == found.name
    store.remove("pods", "lab", "p")
    with pytest.raises(InvalidTokenError, match="service account token has been invalidated"):
        Authenticator(issuer).review(token, [ISSUER])


def test_a_token_is_for_its_audiences_only(store: Store, issuer: TokenIssuer, reviewer: Reviewer) -> None:
    token = token_of(issuer, store, audiences=["vault", "x"])
    with pytest.raises(ApiError, match="Unauthorized"):
        Authenticator(issuer).authenticate({"authorization": f"Bearer {token}"}, None)

    def asked(**spec: Any) -> Obj:
        review: Obj = {"kind": "TokenReview", "spec": {"token": token, **spec}}
        status: Obj = reviewer.answer(review, ROOT)["status"]
        return status

    assert asked(audiences=["vault", "y"])["audiences"] == ["vault"]
    assert asked()["error"] == (
        '[invalid bearer token, token audiences ["vault" "x"] is invalid for the target audiences '
        f'["{ISSUER}"]]'
    )


def test_the_public_key_verifies_what_the_issuer_signs(store: Store, issuer: TokenIssuer) -> None:
    key = issuer_discovery.keys(issuer)["keys"][0]
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    header, claims, signature = token_of(issuer, store).split(".")
    assert json.loads(unbase64(header)) == {"alg": "RS256", "kid": key["kid"]}
    n, e = (int.from_bytes(unbase64(key[name]), "big") for name in ("n", "e"))
    public = rsa.RSAPublicNumbers(e, n).public_key()
    public.verify(unbase64(signature), f"{header}.{claims}".encode(), PKCS1v15(), hashes.SHA256())


def test_the_signing_key_is_made_when_it_is_first_needed_and_kept(tmp_path: Path) -> None:
    pki = tls.ensure(tmp_path / "pki")
    assert not pki.accounts_key.exists()
    made = pki.accounts_pem()
    assert pki.accounts_pem() == made
    assert stat.S_IMODE(pki.accounts_key.stat().st_mode) == 0o600


def unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.parametrize(
    ("spec", "code", "words"),
    [
        ({"expirationSeconds": 60}, 422, "may not specify a duration less than 10 minutes"),
        ({"boundObjectRef": {"kind": "Pod", "name": "gone"}}, 404, 'pods "gone" not found'),
        (
            {"boundObjectRef": {"kind": "Pod", "name": "p", "uid": "other"}},
            409,
            'cannot be fulfilled on Pod "p": the UID in the bound object reference',
        ),
        (
            {"boundObjectRef": {"kind": "Pod", "name": "strange"}},
            400,
            'cannot bind token for serviceaccount "bob" to pod running with different serviceaccount name.',
        ),
        (
            {"boundObjectRef": {"kind": "ConfigMap", "apiVersion": "v1", "name": "c"}},
            400,
            "cannot bind token to object of type /v1, Kind=ConfigMap",
        ),
    ],
)
def test_token_requests_that_are_refused(
    issuer: TokenIssuer, store: Store, spec: Obj, code: int, words: str
) -> None:
    store.put("pods", POD)
    store.put(
        "pods", {"metadata": {"name": "strange", "namespace": "lab"}, "spec": {"serviceAccountName": "x"}}
    )
    with pytest.raises(ApiError, match=words) as caught:
        token_of(issuer, store, **spec)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "damage",
    [
        lambda t: t[:-4] + "AAAA",
        lambda t: t.split(".")[0],
        lambda t: t.replace(".", ".x", 1),
        lambda _: "a.b.c",
    ],
)
def test_forged_tokens_are_refused(issuer: TokenIssuer, store: Store, damage: Callable[[str], str]) -> None:
    forged = damage(token_of(issuer, store))
    with pytest.raises(ApiError, match="Unauthorized"):
        Authenticator(issuer).authenticate({"authorization": f"Bearer {forged}"}, None)


def test_no_credentials_are_anonymous_and_a_certificate_beats_a_token(issuer: TokenIssuer) -> None:
    authenticator = Authenticator(issuer)
    assert authenticator.authenticate({}, None) == ANONYMOUS
    der = certificate((NameOID.COMMON_NAME, "jane"))
    assert authenticator.authenticate({"authorization": "Bearer bad"}, der).name == "jane"
