"""Image references: are they well formed, would a pull obviously fail, what runs when no command is given.

Nothing is pulled. A reference fails where its own text says that it must: a name that breaks the grammar, a host
that cannot exist, a tag or name that says it is wrong, a version far beyond any that was published. Everything else
counts as pullable; a lab scripts other outcomes (see ``node.outcomes``).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final

# The default registry under the name that documentation may use; nothing ever connects to it.
DEFAULT_HOST: Final = "registry.example"
_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG: Final = re.compile(r"\w[\w.-]{0,127}")
_DIGEST: Final = re.compile(r"[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-f]{32,}")
_SAYS_WRONG: Final = re.compile(
    r"no-?such\w*|not-?exist\w*|non-?exist\w*|does-?not-?exist|not-?found|missing|broken|invalid|wrong|bogus|fake|nope|"
    r"typo|unknown|bad|latestt|doesntexist"
)
_MISSPELT: Final = frozenset(
    (
        "ngnix", "ngix", "nignx", "nginxx", "nginz", "nginxz", "ninx", "busbox", "busyboxx", "bussybox",
        "busibox", "alpin", "alpinee", "reddis", "rediss", "postgress",
    )
)  # fmt: skip
# The newest version, generously, of images labs like to misname: a tag beyond it does not exist.
_NEWEST: Final[dict[str, tuple[int, ...]]] = {
    "nginx": (1, 40),
    "busybox": (1, 40),
    "httpd": (2, 9),
    "alpine": (3, 40),
    "redis": (12,),
    "postgres": (25,),
    "mysql": (12,),
    "python": (3, 25),
    "node": (40,),
    "ubuntu": (30,),
    "debian": (20,),
}
# Run a shell, which ends at once without a terminal.
_SHELL_IMAGES: Final = frozenset(
    (
        "busybox", "alpine", "ubuntu", "debian", "centos", "fedora", "rockylinux", "almalinux",
        "amazonlinux", "bash", "perl", "python", "node", "ruby", "golang", "openjdk", "busybox-extras",
        "hello-world",
    )
)  # fmt: skip
_SERVERS: Final[dict[str, tuple[int, ...]]] = {
    "nginx": (80,),
    "httpd": (80,),
    "redis": (6379,),
    "postgres": (5432,),
    "mysql": (3306, 33060),
    "mariadb": (3306,),
    "mongo": (27017,),
    "memcached": (11211,),
    "rabbitmq": (5672, 15672),
    "tomcat": (8080,),
    "registry": (5000,),
}
# Megabytes, roughly what the images of these names have.
_SIZES: Final[dict[str, int]] = {
    "busybox": 2, "alpine": 4, "nginx": 72, "httpd": 57, "redis": 46, "postgres": 160, "mysql": 245, "mariadb": 120,
    "ubuntu": 30, "debian": 49, "hello-world": 1, "pause": 1, "python": 370, "node": 390, "memcached": 32,
    "mongo": 270, "tomcat": 190, "curl": 9,
}  # fmt: skip
_ROOT_IMAGES: Final = frozenset(
    (*_SHELL_IMAGES, "nginx", "httpd", "redis", "postgres", "mysql", "mariadb", "tomcat")
)


@dataclass(frozen=True, slots=True)
class Reference:
    """A parsed image reference."""

    host: str
    path: str
    tag: str
    digest: str = ""

    @property
    def full(self) -> str:
        """With host and tag or digest, as the container runtime names it."""
        return f"{self.host}/{self.path}" + (f"@{self.digest}" if self.digest else f":{self.tag}")

    @property
    def short(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]


class BadReferenceError(ValueError):
    """A reference that no runtime accepts; the message is the runtime's."""


def parse(text: str) -> Reference:
    """Parse *text*. Raises BadReferenceError."""
    head, slash, rest = text.partition("/")
    if slash and ("." in head or ":" in head or head == "localhost" or head != head.lower()):
        host, remainder = head, rest
    else:
        host, remainder = DEFAULT_HOST, text
    name, _, digest = remainder.partition("@")
    path, colon, tag = name.partition(":")
    if host == DEFAULT_HOST and "/" not in path:
        path = f"library/{path}"
    if path.lower() != path:
        raise BadReferenceError(f"invalid reference format: repository name ({path}) must be lowercase")
    wrong = not _NAME.fullmatch(path) or (bool(colon) and not _TAG.fullmatch(tag))
    if wrong or (digest and not _DIGEST.fullmatch(digest)):
        raise BadReferenceError("invalid reference format")
    return Reference(host, path, tag or "latest", digest)


def _version(tag: str) -> tuple[int, ...]:
    found = re.match(r"v?(\d+(?:\.\d+)*)", tag)
    return tuple(int(p) for p in found[1].split(".")) if found else ()


def pull_problem(reference: Reference) -> str:
    """The runtime's error for a pull that obviously fails; empty when it would succeed."""
    host = reference.host.rpartition(":")[0] or reference.host
    if host in ("localhost", "127.0.0.1"):
        return failure(reference, "refused")
    if host != DEFAULT_HOST and host.rsplit(".", 1)[-1] in ("invalid", "example", "test", "localhost"):
        return failure(reference, "no-such-host")
    words = re.split(r"[._]", reference.short)
    if reference.short in _MISSPELT or any(_SAYS_WRONG.fullmatch(w) for w in words):
        return failure(reference, "denied")
    if _SAYS_WRONG.fullmatch(reference.tag) or any(
        _SAYS_WRONG.fullmatch(w) for w in re.split(r"[._-]", reference.tag)
    ):
        return failure(reference, "not-found")
    newest = _NEWEST.get(reference.short)
    version = _version(reference.tag)
    if newest and version and reference.path.startswith("library/") and version[: len(newest)] > newest:
        return failure(reference, "not-found")
    return ""


def failure(reference: Reference, kind: str) -> str:
    """The runtime's words for a failed pull. *kind*: not-found, denied, refused, timeout, no-such-host."""
    full = reference.full
    start = f'failed to pull and unpack image "{full}": failed to resolve reference "{full}": '
    scheme = "http" if reference.host.startswith(("localhost", "127.")) else "https"
    asked = f'failed to do request: Head "{scheme}://{reference.host}/v2/{reference.path}/manifests/{reference.tag}": '
    if kind == "denied":
        return (
            f"{start}pull access denied, repository does not exist or may require authorization: server message: "
            "insufficient_scope: authorization failed"
        )
    if kind == "refused":
        port = reference.host.rpartition(":")[2] if ":" in reference.host else "443"
        return f"{start}{asked}dial tcp 127.0.0.1:{port}: connect: connection refused"
    if kind == "timeout":
        return f"{start}{asked}dial tcp: lookup {reference.host}: i/o timeout"
    if kind == "no-such-host":
        return f"{start}{asked}dial tcp: lookup {reference.host}: no such host"
    return f"rpc error: code = NotFound desc = {start}{full}: not found"


def image_id(reference: Reference) -> str:
    """A stable stand-in for the image's digest."""
    return "sha256:" + hashlib.sha256(reference.full.encode()).hexdigest()


def size_of(reference: Reference) -> int:
    """Bytes: a plausible size, the same at every pull. Nothing is pulled, so no size is the true one."""
    seed = int.from_bytes(hashlib.sha256(reference.full.encode()).digest()[:4], "big")
    megabytes = _SIZES.get(reference.short) or 20 + seed % 120
    return megabytes * 1_000_000 + seed % 900_000


def default_command(reference: Reference) -> list[str] | None:
    """What runs when the pod names no command: a shell that ends at once, or None for a server that stays."""
    if reference.short == "hello-world":
        return ["echo", "Hello from a simulated container!"]
    if reference.short in _SHELL_IMAGES:
        return ["sh"]
    return None


def listens_on(reference: Reference) -> tuple[int, ...] | None:
    """The ports a well-known server listens on; () for a plain shell image, None when nothing is known."""
    if reference.short in _SHELL_IMAGES:
        return ()
    return _SERVERS.get(reference.short)


def runs_as_root(reference: Reference) -> bool:
    """Whether the image is known to run as root when nothing else is said."""
    return reference.path.startswith("library/") and reference.short in _ROOT_IMAGES
