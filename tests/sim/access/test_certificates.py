"""Certificate signing requests: what is accepted, who may approve, what the built-in signers sign."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from labrunner.sim import process
from labrunner.sim.api import Api
from labrunner.sim.auth import Authorizer, User
from labrunner.sim.auth.rbac import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES
from labrunner.sim.clock import FakeClock
from labrunner.sim.controllers.runner import Runner
from labrunner.sim.controllers.signing import REQUESTS, ApprovingController, RequestCleaner, SigningController
from labrunner.sim.errors import ApiError
from labrunner.sim.http import tls
from labrunner.sim.objects import Obj, clone
from tests.sim.conftest import Kubectl

KEY = ec.generate_private_key(ec.SECP256R1())
CLIENT = "kubernetes.io/kube-apiserver-client"
KUBELET = "kubernetes.io/kube-apiserver-client-kubelet"
SERVING = "kubernetes.io/kubelet-serving"
ADMIN = User("root", ("system:masters",))
JANE = User("jane", ("system:authenticated",))


def csr(name: str, *groups: str, dns: tuple[str, ...] = ()) -> bytes:
    subject = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    subject.append(x509.NameAttribute(NameOID.COMMON_NAME, name))
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(subject))
    if dns:
        names = x509.SubjectAlternativeName([x509.DNSName(value) for value in dns])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(Encoding.PEM)


def request(pem: bytes, signer: str = CLIENT, *usages: str, name: str = "r", **spec: object) -> Obj:
    return {
        "metadata": {"name": name},
        "spec": {
            "request": base64.b64encode(pem).decode(),
            "signerName": signer,
            "usages": list(usages or ("client auth",)),
            **spec,
        },
    }


@pytest.fixture
def cluster(api: Api, tmp_path: Path) -> Iterator[Api]:
    api.authorizer = Authorizer(api.store)
    pki = tls.ensure(tmp_path / "pki")

    def sign(pem: bytes, seconds: int, usages: list[str]) -> bytes:
        return pki.sign_request(pem, seconds=seconds, usages=usages, now=api.clock.now())

    runner = Runner(api, [ApprovingController(api), SigningController(api, sign), RequestCleaner(api)])
    runner.start()
    yield api
    runner.stop()


def found(api: Api, name: str = "r") -> Obj:
    obj = api.get(REQUESTS, name)
    assert obj is not None
    return obj


def approve(api: Api, clock: FakeClock, name: str = "r", user: User = ADMIN, kind: str = "Approved") -> Obj:
    changed = clone(found(api, name))
    changed.setdefault("status", {}).setdefault("conditions", []).append({"type": kind, "status": "True"})
    api.update(REQUESTS, changed, subresource="approval", user=user)
    clock.advance(1)
    return found(api, name)


def certificate(obj: Obj) -> x509.Certificate:
    return x509.load_pem_x509_certificate(base64.b64decode(obj["status"]["certificate"]))


def refused(api: Api, obj: Obj, code: int = 422) -> str:
    with pytest.raises(ApiError) as caught:
        api.create(REQUESTS, obj, user=ADMIN)
    assert caught.value.code == code
    return caught.value.message


def test_an_approved_request_is_signed_as_it_asks(cluster: Api, clock: FakeClock) -> None:
    pem = csr("jane", "dev", dns=("jane.example.com",))
    cluster.create(REQUESTS, request(pem, CLIENT, "client auth", expirationSeconds=86400), user=JANE)
    clock.advance(5)
    assert "certificate" not in (found(cluster).get("status") or {})
    assert found(cluster)["spec"]["username"] == "jane"
    now = clock.now()
    signed = certificate(approve(cluster, clock))
    assert signed.subject.rfc4514_string() == "CN=jane,O=dev"
    assert signed.not_valid_before_utc == (now - timedelta(minutes=5)).replace(microsecond=0)
    assert signed.not_valid_after_utc - signed.not_valid_before_utc == timedelta(days=1)
    use = signed.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(use) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    with pytest.raises(x509.ExtensionNotFound):
        signed.extensions.get_extension_for_class(x509.KeyUsage)
    names = signed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["jane.example.com"]


def test_a_short_life_is_not_cut_by_dating_back(cluster: Api, clock: FakeClock) -> None:
    cluster.create(REQUESTS, request(csr("jane"), CLIENT, "client auth", expirationSeconds=600))
    now = clock.now().replace(microsecond=0)
    assert certificate(approve(cluster, clock)).not_valid_after_utc == now + timedelta(minutes=10)


@pytest.mark.parametrize(
    ("pem", "signer", "usages", "why"),
    [
        (csr("jane"), CLIENT, ("server auth",), "invalid usage for client certificate: server auth"),
        (csr("jane"), CLIENT, ("digital signature",), "missing required usage for client certificate: client auth"),
        (csr("jane"), KUBELET, ("client auth",), "subject organization is not system:nodes"),
        (csr("n", "system:nodes"), KUBELET, ("client auth",), "subject common name does not begin with system:node:"),
        (csr("system:node:n", "system:nodes"), KUBELET, ("client auth",),
         "usages did not match [client auth digital signature key encipherment]"),
        (csr("system:node:n", "system:nodes", dns=("n",)), KUBELET, ("client auth", "digital signature"),
         "DNS subjectAltNames are not allowed"),
        (csr("system:node:n", "system:nodes"), SERVING, ("server auth",), "DNS or IP subjectAltName is required"),
        (csr("system:node:n", "system:nodes", dns=("n",)), SERVING, ("server auth",),
         "usages did not match [digital signature key encipherment server auth]"),
    ],
    ids=lambda value: value if isinstance(value, str) and "\n" not in value else "",
)  # fmt: skip
def test_what_a_signer_does_not_sign_fails(
    cluster: Api, clock: FakeClock, pem: bytes, signer: str, usages: tuple[str, ...], why: str
) -> None:
    cluster.create(REQUESTS, request(pem, signer, *usages))
    status = approve(cluster, clock)["status"]
    assert "certificate" not in status
    failed = status["conditions"][-1]
    assert (failed["type"], failed["reason"], failed["message"]) == ("Failed", "SignerValidationFailure", why)


def test_the_denied_and_others_signers_stay_unsigned(cluster: Api, clock: FakeClock) -> None:
    cluster.create(REQUESTS, request(csr("jane")))
    assert "certificate" not in approve(cluster, clock, kind="Denied")["status"]
    cluster.create(REQUESTS, request(csr("jane"), "example.com/own", name="own"))
    assert "certificate" not in approve(cluster, clock, "own")["status"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"usages": []}, "spec.usages: Required value"),
        ({"usages": ["client-auth"]}, 'spec.usages[0]: Unsupported value: "client-auth": supported values: "any", "cert'),
        ({"usages": ["any", "any"]}, 'spec.usages[1]: Duplicate value: "any"'),
        ({"signerName": ""}, "spec.signerName: Required value"),
        ({"signerName": "own"}, "must be a fully qualified domain and path of the form 'example.com/signer-name'"),
        ({"signerName": "a/b"}, "should be a domain with at least two segments separated by dots"),
        ({"signerName": "A.b/c"}, 'spec.signerName: Invalid value: "A.b": validating label "A": a lowercase RFC 1123'),
        ({"signerName": "kubernetes.io/legacy-unknown"}, "the legacy signerName is not allowed via this API version"),
        ({"expirationSeconds": 599}, "may not specify a duration less than 600 seconds (10 minutes)"),
        ({"request": base64.b64encode(b"-----BEGIN X-----\nAA==\n-----END X-----").decode()},
         "PEM block type must be CERTIFICATE REQUEST"),
        ({"request": base64.b64encode(csr("jane").replace(b"MI", b"NI", 1)).decode()}, "spec.request: Invalid value: "),
    ],
)  # fmt: skip
def test_requests_that_are_refused(cluster: Api, change: Obj, words: str) -> None:
    obj = request(csr("jane"))
    obj["spec"].update(change)
    assert words in refused(cluster, obj)


def test_a_request_with_anothers_signature_is_refused(cluster: Api) -> None:
    der = bytearray(base64.b64decode(b"".join(csr("jane").splitlines()[1:-1])))
    der[der.index(b"jane")] = ord("J")
    pem = b"-----BEGIN CERTIFICATE REQUEST-----\n%s-----END CERTIFICATE REQUEST-----\n"
    forged = pem % base64.encodebytes(bytes(der))
    assert "x509: ECDSA verification failure" in refused(cluster, request(forged))


def test_nobody_becomes_a_master_by_certificate(cluster: Api) -> None:
    words = "use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed"
    assert refused(cluster, request(csr("eve", "system:masters")), 403).endswith(words)


def test_approving_takes_a_right_on_the_signer(cluster: Api, clock: FakeClock) -> None:
    cluster.create(REQUESTS, request(csr("jane")))
    with pytest.raises(ApiError) as caught:
        approve(cluster, clock, user=JANE)
    assert caught.value.message == (
        'certificatesigningrequests.certificates.k8s.io "r" is forbidden: '
        f'user not permitted to approve requests with signerName "{CLIENT}"'
    )
    rule = {"verbs": ["approve"], "apiGroups": ["certificates.k8s.io"], "resources": ["signers"]}
    rules = [{**rule, "resourceNames": ["kubernetes.io/*"]}]
    cluster.create(CLUSTER_ROLES, {"metadata": {"name": "approver"}, "rules": rules})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "approver"}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "jane"}
    bound = {"metadata": {"name": "approver"}, "roleRef": reference, "subjects": [subject]}
    cluster.create(CLUSTER_ROLE_BINDINGS, bound)
    assert approve(cluster, clock, user=JANE)["status"]["certificate"]


def test_status_and_approval_write_their_own_parts(cluster: Api, clock: FakeClock) -> None:
    cluster.create(REQUESTS, request(csr("jane"), "example.com/own"))
    approved = approve(cluster, clock)
    both = clone(approved)
    both["status"]["conditions"].append({"type": "Denied", "status": "True"})
    with pytest.raises(ApiError, match="Approved and Denied conditions are mutually exclusive"):
        cluster.update(REQUESTS, both, subresource="approval")
    removed = clone(approved)
    removed["status"]["conditions"] = []
    with pytest.raises(ApiError, match="updates may not remove a condition of type"):
        cluster.update(REQUESTS, removed, subresource="approval")
    unreadable = clone(approved)
    unreadable["status"]["certificate"] = base64.b64encode(b"x").decode()
    with pytest.raises(ApiError, match="must contain at least one CERTIFICATE PEM block"):
        cluster.update_status(REQUESTS, unreadable)


def test_kubelets_client_certificates_are_approved_when_they_may(cluster: Api, clock: FakeClock) -> None:
    node = User("system:node:n1", ("system:nodes", "system:authenticated"))
    pem = csr("system:node:n1", "system:nodes")
    wanted = request(pem, KUBELET, "client auth", "digital signature", name="early")
    cluster.create(REQUESTS, wanted, user=node)
    clock.advance(1)
    assert not (found(cluster, "early").get("status") or {}).get("conditions")
    group = "rbac.authorization.k8s.io"
    role = "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient"
    cluster.create(
        CLUSTER_ROLE_BINDINGS,
        {
            "metadata": {"name": "rotation"},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": role},
            "subjects": [{"apiGroup": group, "kind": "Group", "name": "system:nodes"}],
        },
    )
    cluster.create(REQUESTS, {**wanted, "metadata": {"name": "late"}}, user=node)
    clock.advance(1)
    status = found(cluster, "late")["status"]
    assert status["conditions"][0]["reason"] == "AutoApproved"
    words = "Auto approving self kubelet client certificate after SubjectAccessReview."
    assert status["conditions"][0]["message"] == words
    assert status["certificate"]


def test_old_requests_are_swept_away(cluster: Api, clock: FakeClock) -> None:
    cluster.create(REQUESTS, request(csr("a"), name="signed"))
    cluster.create(REQUESTS, request(csr("b"), name="pending"))
    approve(cluster, clock, "signed")
    clock.advance(3500)
    assert cluster.get(REQUESTS, "signed") is not None
    clock.advance(200)
    assert cluster.get(REQUESTS, "signed") is None
    assert cluster.get(REQUESTS, "pending") is not None
    clock.advance(24 * 3600)
    assert cluster.get(REQUESTS, "pending") is None


def test_a_user_is_made_as_a_learner_makes_one(kubectl: Kubectl, tmp_path: Path) -> None:
    pem = csr("ann", "team")
    manifest = request(pem, name="ann-csr")
    manifest |= {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest"}
    kubectl.ok("apply", "-f", "-", stdin=json.dumps(manifest))
    assert kubectl.ok("certificate", "approve", "ann-csr").endswith("/ann-csr approved\n")
    kubectl.ok("wait", "csr/ann-csr", "--for=jsonpath={.status.certificate}", "--timeout=20s")
    shown = kubectl.ok("get", "csr", "ann-csr", "-o", "jsonpath={.status.certificate}")
    (tmp_path / "ann.crt").write_bytes(base64.b64decode(shown))
    (tmp_path / "ann.key").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    mine = ("--client-certificate", "ann.crt", "--client-key", "ann.key", "--user", "")
    answer = kubectl(
        *mine, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}{.status.userInfo.groups}"
    )
    assert answer.stdout == 'ann["team","system:authenticated"]'
    forbidden = kubectl(*mine, "get", "nodes")
    assert (forbidden.returncode, forbidden.stderr) == (
        1,
        'Error from server (Forbidden): nodes is forbidden: User "ann" cannot list resource "nodes" in API group "" '
        "at the cluster scope\n",
    )


def test_an_expired_certificate_is_answered_with_401(
    kubectl: Kubectl, sim_server: process.Running, tmp_path: Path
) -> None:
    pki = tls.Pki(sim_server.kubeconfig.parent / "pki")
    past = datetime.now(UTC) - timedelta(hours=1)
    pem = pki.sign_request(csr("late"), seconds=600, usages=["client auth"], now=past)
    (tmp_path / "late.crt").write_bytes(pem)
    (tmp_path / "late.key").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    answer = kubectl(
        "--client-certificate", "late.crt", "--client-key", "late.key", "--user", "", "auth", "whoami"
    )
    words = "error: You must be logged in to the server (Unauthorized)\n"
    assert (answer.returncode, answer.stderr) == (1, words)
