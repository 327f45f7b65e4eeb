"""What the expressions of policies see: ``object``, ``request``, ``params``, ``authorizer``, ``variables``, …"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from labrunner.sim import gotext
from labrunner.sim.admission.policies.expressions import NAMES, PolicyExpressionError, compiled
from labrunner.sim.admission.policies.matching import Match
from labrunner.sim.auth import SYSTEM, User
from labrunner.sim.auth.attributes import Attributes
from labrunner.sim.auth.identity import service_account_groups, service_account_name
from labrunner.sim.auth.rbac import Authorizer as Rbac
from labrunner.sim.crd.cel.authorization import Authorizer, Judge, Question
from labrunner.sim.crd.cel.errors import CelError
from labrunner.sim.objects import Obj

if TYPE_CHECKING:
    from labrunner.sim.admission.request import Request

_OPTIONS: Final = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}
_NAMESPACE_METADATA: Final = (
    "name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
    "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "finalizers",
)  # fmt: skip


def activation(match: Match, params: Obj | None, variables: list[Obj]) -> dict[str, Any]:
    """The values of all variables for one evaluation of a policy."""
    request = match.request
    authorizer = Authorizer(_judge(request))
    asked = Question(
        group=request.rt.group,
        resource=request.rt.plural,
        subresource=request.subresource,
        namespace=request.namespace,
        name=request.name,
    )
    env: dict[str, Any] = dict.fromkeys(NAMES)
    env |= {
        "object": match.object,
        "oldObject": match.old,
        "params": params,
        "request": _request(match),
        "namespaceObject": _namespace(request),
        "authorizer": authorizer,
        "authorizer.requestResource": Authorizer(authorizer.judge, asked),
    }
    env["variables"] = LazyVariables(env, variables)
    return env


class LazyVariables(dict[str, Any]):
    """The ``variables`` of a policy, each computed when it is first asked for."""

    def __init__(self, env: dict[str, Any], declared: list[Obj]) -> None:
        super().__init__()
        self._env = env
        self._sources = {str(v.get("name")): str(v.get("expression") or "") for v in declared}

    def __contains__(self, key: object) -> bool:
        return key in self._sources

    def __missing__(self, key: str) -> Any:
        try:
            value = compiled(self._sources[key]).run(**self._env)
        except PolicyExpressionError as error:
            text = f"composited variable {gotext.quote(key)} fails to compile: {error}"
            raise CelError(text) from None
        except CelError as error:
            text = f"composited variable {gotext.quote(key)} fails to evaluate: {error}"
            raise CelError(text) from None
        self[key] = value
        return value


def _request(match: Match) -> Obj:
    request, rt = match.request, match.rt
    out: Obj = {
        "kind": match.kind,
        "resource": {"group": rt.group, "version": rt.version, "resource": rt.plural},
        "requestKind": Match(request, request.rt).kind,
        "requestResource": {
            "group": request.rt.group,
            "version": request.rt.version,
            "resource": request.rt.plural,
        },
        "name": request.name,
        "operation": request.operation,
        "userInfo": (request.user or SYSTEM).info(),
        "dryRun": request.dry_run,
    }
    if request.namespace:
        out["namespace"] = request.namespace
    if request.subresource:
        out["subResource"] = out["requestSubResource"] = request.subresource
    options = _OPTIONS.get(request.operation)
    if options is not None:
        out["options"] = {"apiVersion": "meta.k8s.io/v1", "kind": options, **_given_options(request)}
    return out


def _given_options(request: Request) -> Obj:
    known = ("fieldManager", "fieldValidation", "propagationPolicy")
    out: Obj = {key: request.options[key] for key in known if request.options.get(key)}
    if request.dry_run:
        out["dryRun"] = ["All"]
    return out


def _namespace(request: Request) -> Obj | None:
    if not request.namespace or request.gr == "namespaces":
        return None
    found = request.api.store.get("namespaces", "", request.namespace)
    if found is None:
        return None
    system = found.get("metadata") or {}
    seen = {key: system[key] for key in _NAMESPACE_METADATA if key in system}
    return {"metadata": seen, "spec": found.get("spec") or {}, "status": found.get("status") or {}}


def _judge(request: Request) -> Judge:
    def judge(question: Question) -> tuple[bool, str]:
        user = request.user or SYSTEM
        if question.subject is not None:
            namespace, name = question.subject
            groups = (*service_account_groups(namespace), "system:authenticated")
            user = User(service_account_name(namespace, name), groups)
        wanted = Attributes(
            question.verb,
            question.group,
            "*",
            question.resource,
            question.subresource,
            question.name,
            question.namespace,
            question.path,
        )
        decision = Rbac(request.api.store).authorize(user, wanted)
        return decision.allowed, decision.reason

    return judge
