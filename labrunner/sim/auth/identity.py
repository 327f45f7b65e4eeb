"""Users as the API server sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from labrunner.sim.objects import Obj

_NO_EXTRA: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
SERVICE_ACCOUNT_PREFIX: Final = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class User:
    """``user.Info``: name, groups, uid, extra."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: _NO_EXTRA)

    def info(self) -> Obj:
        """An ``authentication.k8s.io/v1`` UserInfo."""
        out: Obj = {"username": self.name} if self.name else {}
        if self.uid:
            out["uid"] = self.uid
        if self.groups:
            out["groups"] = list(self.groups)
        if self.extra:
            out["extra"] = {key: list(values) for key, values in sorted(self.extra.items())}
        return out


MASTERS: Final = "system:masters"
AUTHENTICATED: Final = "system:authenticated"
UNAUTHENTICATED: Final = "system:unauthenticated"
ANONYMOUS: Final = User("system:anonymous", (UNAUTHENTICATED,))
SYSTEM: Final = User("system:apiserver", (MASTERS,))


def service_account_name(namespace: str, name: str) -> str:
    """The user name of a service account."""
    return f"{SERVICE_ACCOUNT_PREFIX}{namespace}:{name}"


def service_account_groups(namespace: str) -> tuple[str, ...]:
    """The groups of a service account, ``system:authenticated`` aside."""
    return "system:serviceaccounts", f"system:serviceaccounts:{namespace}"


def controller_user(name: str) -> User:
    """The service account as which a controller of the controller manager acts."""
    groups = (*service_account_groups("kube-system"), AUTHENTICATED)
    return User(service_account_name("kube-system", name), groups)


def split_service_account(user_name: str) -> tuple[str, str] | None:
    """(namespace, name) of a service account's user name; None for any other user."""
    if not user_name.startswith(SERVICE_ACCOUNT_PREFIX):
        return None
    namespace, _, name = user_name.removeprefix(SERVICE_ACCOUNT_PREFIX).partition(":")
    return (namespace, name) if namespace and name and ":" not in name else None
