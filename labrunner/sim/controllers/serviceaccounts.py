"""What every namespace gets (the default ServiceAccount, the root CA), and tokens in Secrets that ask for one."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Final

from labrunner.sim.controllers.runner import Controller, Key, Mapper
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import (
    Obj,
    annotations_of,
    clone,
    is_terminating,
    meta,
    name_of,
    namespace_of,
    uid_of,
)

if TYPE_CHECKING:
    from labrunner.sim.api.local import Api
    from labrunner.sim.store import Change

ROOT_CA: Final = "kube-root-ca.crt"
_ABOUT: Final = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the "
    "internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes "
    "clusters."
)
_NAME: Final = "kubernetes.io/service-account.name"
_UID: Final = "kubernetes.io/service-account.uid"

TokenMaker = Callable[[Obj, Obj], str]
"""Makes the token of a ServiceAccount for a Secret."""


class NamespaceDefaults(Controller):
    """Makes ``default`` and ``kube-root-ca.crt`` in every namespace, again when they are deleted or changed."""

    name = "serviceaccount-controller"

    def __init__(self, api: Api, root_ca: str) -> None:
        super().__init__(api)
        self._root_ca = root_ca

    def watches(self) -> Mapping[str, Mapper]:
        return {
            "namespaces": self._of_namespace,
            "serviceaccounts": self._of_part,
            "configmaps": self._of_part,
        }

    def _of_namespace(self, change: Change) -> Iterable[Key]:
        if change.new is not None:
            yield "", name_of(change.new)

    def _of_part(self, change: Change) -> Iterable[Key]:
        obj = change.new or change.old or {}
        wanted = "default" if change.gr == "serviceaccounts" else ROOT_CA
        if name_of(obj) == wanted and change.type != "ADDED":
            yield "", namespace_of(obj)

    def reconcile(self, key: Key) -> float | None:
        namespace = self.api.store.get("namespaces", *key)
        if namespace is None or is_terminating(namespace):
            return None
        if self.api.store.get("serviceaccounts", key[1], "default") is None:
            self._make("serviceaccounts", {"metadata": {"name": "default", "namespace": key[1]}})
        data = {"ca.crt": self._root_ca}
        found = self.api.store.get("configmaps", key[1], ROOT_CA)
        if found is None:
            metadata = {
                "name": ROOT_CA,
                "namespace": key[1],
                "annotations": {"kubernetes.io/description": _ABOUT},
            }
            self._make("configmaps", {"metadata": metadata, "data": data})
        elif found.get("data") != data:
            self.api.update("configmaps", {**clone(found), "data": data})
        return None

    def _make(self, gr: str, obj: Obj) -> None:
        try:
            self.api.create(gr, obj)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise


class TokenSecrets(Controller):
    """Fills Secrets of type ``kubernetes.io/service-account-token``; deletes them with their account."""

    name = "serviceaccount-token-controller"

    def __init__(self, api: Api, root_ca: str, make_token: TokenMaker | None) -> None:
        super().__init__(api)
        self._root_ca = root_ca
        self._make_token = make_token

    def watches(self) -> Mapping[str, Mapper]:
        return {"secrets": self._of_secret, "serviceaccounts": self._of_account}

    def _of_secret(self, change: Change) -> Iterable[Key]:
        secret = change.new
        if secret is not None and secret.get("type") == "kubernetes.io/service-account-token":
            yield namespace_of(secret), name_of(secret)

    def _of_account(self, change: Change) -> Iterable[Key]:
        account = change.new or change.old or {}
        if change.type == "MODIFIED":
            return
        for secret in self.api.store.list("secrets", namespace_of(account)):
            if annotations_of(secret).get(_NAME) == name_of(account):
                yield namespace_of(secret), name_of(secret)

    def reconcile(self, key: Key) -> float | None:
        secret = self.api.store.get("secrets", *key)
        if secret is None or is_terminating(secret) or self._make_token is None:
            return None
        notes = annotations_of(secret)
        account = self.api.store.get("serviceaccounts", key[0], notes.get(_NAME, ""))
        if account is None or notes.get(_UID) not in (None, "", uid_of(account)):
            if notes.get(_NAME):
                self.api.delete("secrets", key[1], key[0])
            return None
        changed = clone(secret)
        data = changed.get("data") or {}
        meta(changed).setdefault("annotations", {})[_UID] = uid_of(account)
        data.setdefault("ca.crt", _encoded(self._root_ca))
        data.setdefault("namespace", _encoded(key[0]))
        if not data.get("token"):
            data["token"] = _encoded(self._make_token(account, secret))
        changed["data"] = data
        if changed != secret:
            self.api.update("secrets", changed)
        return None


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
