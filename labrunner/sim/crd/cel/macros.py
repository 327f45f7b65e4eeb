"""CEL's macros over lists and maps, and its logical operators, which absorb errors where the answer is plain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from labrunner.sim.crd.cel.errors import CelError
from labrunner.sim.crd.cel.kinds import Optional
from labrunner.sim.crd.cel.operators import no_overload

Env = dict[str, Any]
Run = Callable[[Env], Any]


def truth(value: Any) -> bool:
    """*value*, which must be a boolean."""
    if not isinstance(value, bool):
        no_overload()
    return value


def junction(one: Run, other: Run, *, decisive: bool) -> Run:
    """``||`` (*decisive* true) or ``&&``: an error on one side does not matter if the other side decides."""

    def run(env: Env) -> bool:
        try:
            if truth(one(env)) is decisive:
                return decisive
        except CelError:
            if truth(other(env)) is decisive:
                return decisive
            raise
        return truth(other(env))

    return run


def build(name: str, target: Run, variables: Sequence[str], bodies: Sequence[Run]) -> Run:
    """The macro *name* on what *target* gives."""
    first = bodies[0]
    if name in ("optMap", "optFlatMap"):
        return _optional(target, variables[0], first, flat=name == "optFlatMap")

    def each(env: Env) -> Iterator[tuple[Any, Env]]:
        for values in _bindings(target(env), len(variables)):
            yield values[0], {**env, **dict(zip(variables, values, strict=True))}

    if name in ("all", "exists"):
        return _quantifier(each, first, decisive=name == "exists")
    if name == "exists_one":
        return lambda env: sum(truth(first(inner)) for _, inner in each(env)) == 1
    if name == "filter":
        return lambda env: [value for value, inner in each(env) if truth(first(inner))]
    if name in ("transformMap", "transformMapEntry"):
        return _transform(target, variables, bodies, entries=name == "transformMapEntry")
    if len(bodies) == 2:
        change = bodies[1]
        return lambda env: [change(inner) for _, inner in each(env) if truth(first(inner))]
    return lambda env: [first(inner) for _, inner in each(env)]


def _bindings(value: Any, count: int) -> Iterator[tuple[Any, ...]]:
    if not isinstance(value, list | dict):
        no_overload()
    if count == 2:
        yield from value.items() if isinstance(value, dict) else enumerate(value)
        return
    for item in value:
        yield (item,)


def _quantifier(each: Callable[[Env], Iterator[tuple[Any, Env]]], test: Run, *, decisive: bool) -> Run:
    def run(env: Env) -> bool:
        failed: CelError | None = None
        for _, inner in each(env):
            try:
                if truth(test(inner)) is decisive:
                    return decisive
            except CelError as error:
                failed = error
        if failed is not None:
            raise failed
        return not decisive

    return run


def _optional(target: Run, variable: str, body: Run, *, flat: bool) -> Run:
    def run(env: Env) -> Optional:
        found = target(env)
        if not isinstance(found, Optional):
            no_overload()
        if not found.present:
            return found
        value = body({**env, variable: found.value})
        return value if flat else Optional(value, True)

    return run


def _transform(target: Run, variables: Sequence[str], bodies: Sequence[Run], *, entries: bool) -> Run:
    test, change = (bodies[0], bodies[1]) if len(bodies) == 2 else (None, bodies[0])

    def run(env: Env) -> Env:
        out: Env = {}
        for values in _bindings(target(env), 2):
            inner = {**env, **dict(zip(variables, values, strict=True))}
            if test is not None and not truth(test(inner)):
                continue
            made = change(inner)
            for key, value in (made if entries else {values[0]: made}).items():
                if key in out:
                    raise CelError(f"insert failed: key {key} already exists")
                out[key] = value
        return out

    return run
