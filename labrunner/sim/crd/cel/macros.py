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
    if name == "sortBy":
        return lambda env: [
            value
            for _, value in sorted(((first(inner), value) for value, inner in each(env)), key=lambda p: p[0])
        ]
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
