"""Acting as somebody else: the constrained modes of impersonation that v1.36 tries first, and the old verb.

A constrained mode takes two rights: to do *this* request under impersonation (``impersonate-on:MODE:VERB``) and to be
*that* identity (``impersonate:MODE``). When every mode refuses, the first refusal is the answer, as in the API server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import unquote

from labrunner.sim import errors, gotext
from labrunner.sim.auth.attributes import Attributes, refusal
from labrunner.sim.auth.identity import (
    ANONYMOUS,
    AUTHENTICATED,
    MASTERS,
    UNAUTHENTICATED,
    User,
    service_account_groups,
    split_service_account,
)
from labrunner.sim.auth.node_authorizer import NODES, PREFIX
from labrunner.sim.auth.rbac import Authorizer
from labrunner.sim.errors import ApiError
from labrunner.sim.names import dns_subdomain

Values = Callable[[str], list[str]]
_HEADER: Final = "impersonate-"
_EXTRA: Final = "impersonate-extra-"
_GROUP: Final = "authentication.k8s.io"
_NODE_KEY: Final = "authentication.kubernetes.io/node-name"
_MANY: Final = 4
"""From so many groups or extra values on, a constrained mode first asks for all of them at once."""


@dataclass(frozen=True, slots=True)
class _Mode:
    name: str
    applies: Callable[[User, User], bool]
    """Of the wanted user and the one who asks."""


class Impersonator:
    """Decides who may act as whom. Remembers the mode that last worked for a user, and tries that one first."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer
        self._last: dict[str, _Mode | None] = {}

    def act(self, user: User, values: Values, names: Mapping[str, str], request: Attributes) -> User:
        """The user that *user* asks to be in *request*, or *user*.

        *values* gives every value of a header, *names* has all header names (lower-case). Raises ApiError (400, 403).
        """
        wanted = _wanted(values, names)
        if wanted is None:
            return user
        order: list[_Mode | None] = [*_MODES, None]
        if user.name in self._last:
            order.sort(key=lambda mode: mode is not self._last[user.name])
        first: ApiError | None = None
        for mode in order:
            try:
                found = self._try(mode, user, wanted, request)
            except ApiError as error:
                first = first or error
                continue
            if found is not None:
                self._last[user.name] = mode
                return found
        raise first or errors.internal("all impersonation modes failed")

    def _try(self, mode: _Mode | None, user: User, wanted: User, request: Attributes) -> User | None:
        if mode is None:
            return self._become(user, wanted, "impersonate", "", constrained=False)
        if not mode.applies(wanted, user):
            return None
        self._allow(user, replace(request, verb=f"impersonate-on:{mode.name}:{request.verb}"))
        named = replace(wanted, name=f"{PREFIX}*") if mode.name == "associated-node" else wanted
        found = self._become(user, named, f"impersonate:{mode.name}", _GROUP, constrained=True)
        return replace(found, name=wanted.name)

    def _become(self, user: User, wanted: User, verb: str, group: str, *, constrained: bool) -> User:
        groups = wanted.groups
        about = Attributes(verb, group, "v1", "users", name=wanted.name)
        node = _node_name(wanted.name) or ("*" if wanted.name == f"{PREFIX}*" else "")
        account = split_service_account(wanted.name)
        if constrained and node:
            about = replace(about, resource="nodes", name=node)
            groups = (NODES,)
        elif account is not None:
            about = replace(about, resource="serviceaccounts", namespace=account[0], name=account[1])
            groups = groups or service_account_groups(account[0])
        self._allow(user, about)
        if wanted.uid:
            self._allow(user, Attributes(verb, _GROUP, "v1", "uids", name=wanted.uid))
        self._groups(user, wanted.groups, Attributes(verb, group, "v1", "groups"), constrained)
        self._extra(user, wanted, Attributes(verb, _GROUP, "v1", "userextras"), constrained)
        return replace(wanted, groups=_completed(wanted.name, groups))

    def _groups(self, user: User, groups: tuple[str, ...], about: Attributes, constrained: bool) -> None:
        if constrained and "" in groups:
            raise refusal(user, about, "impersonating the empty string group is not allowed")
        if constrained and MASTERS in groups:
            why = f"impersonating the {MASTERS} group is not allowed"
            raise refusal(user, replace(about, name=MASTERS), why)
        if constrained and len(groups) >= _MANY and self._may(user, replace(about, name="*")):
            return
        for group in groups:
            self._allow(user, replace(about, name=group))

    def _extra(self, user: User, wanted: User, about: Attributes, constrained: bool) -> None:
        problem = _bad_extra(wanted.extra) if constrained else ""
        if problem:
            raise refusal(user, about, problem)
        count = max(len(wanted.extra), sum(len(values) for values in wanted.extra.values()))
        if constrained and count >= _MANY and self._may(user, replace(about, subresource="*", name="*")):
            return
        for key, values in wanted.extra.items():
            for value in values:
                self._allow(user, replace(about, subresource=key, name=value))

    def _may(self, user: User, wanted: Attributes) -> bool:
        return self._authorizer.authorize(user, wanted).allowed

    def _allow(self, user: User, wanted: Attributes) -> None:
        decision = self._authorizer.authorize(user, wanted)
        if not decision.allowed:
            raise refusal(user, wanted, decision.reason)


def _wanted(values: Values, names: Mapping[str, str]) -> User | None:
    """The user whom the headers ask for, as they say it; None without such headers. Raises ApiError (400)."""
    if not any(name.startswith(_HEADER) for name in names):
        return None
    extra = {
        unquote(name.removeprefix(_EXTRA)): tuple(values(name)) for name in names if name.startswith(_EXTRA)
    }
    name, uid = (values("impersonate-user") or [""])[0], (values("impersonate-uid") or [""])[0]
    wanted = User(name, tuple(values("impersonate-group")), uid, extra)
    if wanted.name:
        return wanted
    if not (wanted.groups or uid or extra):
        return None
    raise errors.bad_request(f"requested {_go_syntax(wanted)} without impersonating a user name")


def _go_syntax(user: User) -> str:
    """*user* as Go's ``%#v`` prints a ``*user.DefaultInfo``."""
    groups = _go_strings(user.groups) if user.groups else "[]string(nil)"
    extra = "map[string][]string(nil)"
    if user.extra:
        pairs = (f"{gotext.quote(key)}:{_go_strings(user.extra[key])}" for key in sorted(user.extra))
        extra = f"map[string][]string{{{', '.join(pairs)}}}"
    uid = gotext.quote(user.uid)
    return f'&user.DefaultInfo{{Name:"", UID:{uid}, Groups:{groups}, Extra:{extra}}}'


def _go_strings(values: tuple[str, ...]) -> str:
    return f"[]string{{{', '.join(map(gotext.quote, values))}}}"


def _completed(name: str, groups: tuple[str, ...]) -> tuple[str, ...]:
    if name == ANONYMOUS.name:
        return groups if UNAUTHENTICATED in groups else (*groups, UNAUTHENTICATED)
    if AUTHENTICATED in groups or UNAUTHENTICATED in groups:
        return groups
    return (*groups, AUTHENTICATED)


def _bad_extra(extra: Mapping[str, tuple[str, ...]]) -> str:
    for key, values in extra.items():
        if not key:
            return "impersonating the empty string key in extra is not allowed"
        domain, slash, path = key.partition("/")
        if not (slash and path) or dns_subdomain(domain):
            why = f'extra.key: Invalid value: {gotext.quote(key)}: must be a domain-prefixed path (such as "acme.io/foo")'
            return f"impersonating an invalid key in extra is not allowed: {why}"
        if not values:
            return "impersonating empty values in extra is not allowed"
        if "" in values:
            return "impersonating the empty string value in extra is not allowed"
    return ""


def _node_name(user_name: str) -> str:
    """The node whose user name this is, or ""."""
    name = user_name.removeprefix(PREFIX)
    return name if user_name.startswith(PREFIX) and not dns_subdomain(name) else ""


def _only_name(wanted: User) -> bool:
    return not (wanted.groups or wanted.uid or wanted.extra)


def _own_node(wanted: User, user: User) -> bool:
    node = _node_name(wanted.name)
    mine = split_service_account(user.name) is not None and user.extra.get(_NODE_KEY) == (node,)
    return bool(node) and mine and _only_name(wanted)


_MODES: Final = (
    _Mode("associated-node", _own_node),
    _Mode("arbitrary-node", lambda wanted, _: bool(_node_name(wanted.name)) and _only_name(wanted)),
    _Mode(
        "serviceaccount",
        lambda wanted, _: split_service_account(wanted.name) is not None and _only_name(wanted),
    ),
    _Mode(
        "user-info",
        lambda wanted, _: not _node_name(wanted.name) and split_service_account(wanted.name) is None,
    ),
)
