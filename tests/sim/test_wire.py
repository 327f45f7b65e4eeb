"""Protobuf request bodies."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labrunner.sim import wire
from labrunner.sim.errors import ApiError
from labrunner.sim.schema import gotypes
from labrunner.sim.schema.goreader import GoReader
from labrunner.sim.schema.gotypes import Type

from .protobuf_writer import envelope

KINDS = [
    ("v1", "Pod"), ("v1", "Service"), ("v1", "Secret"), ("v1", "PersistentVolume"), ("apps/v1", "Deployment"),
    ("batch/v1", "CronJob"), ("autoscaling/v2", "HorizontalPodAutoscaler"), ("networking.k8s.io/v1", "Ingress"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"), ("authorization.k8s.io/v1", "SelfSubjectAccessReview"),
    ("authorization.k8s.io/v1", "SubjectAccessReview"), ("v1", "ResourceQuota"), ("coordination.k8s.io/v1", "Lease"),
    ("policy/v1", "PodDisruptionBudget"), ("events.k8s.io/v1", "Event"), ("policy/v1", "Eviction"),
]  # fmt: skip


def json_of(target: Type, depth: int) -> st.SearchStrategy[Any]:
    text = st.text(st.characters(codec="utf-8"), max_size=8)
    simple: dict[str, st.SearchStrategy[Any]] = {
        "string": text,
        "bool": st.booleans(),
        "int": st.integers(-(1 << (target.bits - 1)), (1 << (target.bits - 1)) - 1)
        if target.bits
        else st.none(),
        "float": st.floats(allow_nan=False, allow_infinity=False),
        "bytes": st.sampled_from(["", "YQ==", "aGVsbG8="]),
        "quantity": st.sampled_from(["0", "1", "500m", "1Gi", "1500m", "2k"]),
        "int-or-string": st.one_of(st.integers(-(1 << 31), (1 << 31) - 1), text),
        "time": st.datetimes(min_value=_year(1971)).map(lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ")),
        "micro-time": st.datetimes(min_value=_year(1971)).map(lambda t: t.strftime("%Y-%m-%dT%H:%M:%S.%fZ")),
    }
    if target.kind in simple:
        return simple[target.kind]
    if target.kind == "struct" and depth:
        fields = gotypes.struct(target.name).fields
        options = {
            n: json_of(f.type, depth - 1) for n, f in fields.items() if n not in ("apiVersion", "kind")
        }
        return st.fixed_dictionaries({}, optional=options)
    if target.kind == "struct":
        return st.just({})
    if target.elem is not None and depth:
        inner = json_of(target.elem, depth - 1)
        return (
            st.lists(inner, max_size=2) if target.kind == "list" else st.dictionaries(text, inner, max_size=2)
        )
    return st.none()


def _year(year: int) -> Any:
    import datetime

    return datetime.datetime(year, 1, 1)


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_both_encodings_of_an_object_mean_the_same(api_version: str, kind: str, data: st.DataObject) -> None:
    group, _, version = api_version.rpartition("/")
    target = gotypes.struct_of(group, version, kind)
    assert target is not None
    obj = data.draw(json_of(Type("struct", kind, target.name), 3))
    as_json = GoReader({}).read({**obj, "apiVersion": api_version, "kind": kind}, target)
    assert _no_nulls(wire.decode(envelope(api_version, kind, as_json))) == _no_nulls(as_json)


def _no_nulls(value: Any) -> Any:
    """Protobuf cannot tell an empty list from none, so neither may this comparison."""
    if isinstance(value, dict):
        return {k: _no_nulls(v) for k, v in value.items() if v is not None and v != [] and v != {}}
    return [_no_nulls(v) for v in value] if isinstance(value, list) else value


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_a_400(noise: bytes) -> None:
    try:
        wire.decode(b"k8s\x00" + noise)
    except ApiError as error:
        assert error.code == 400


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_messages_are_an_object_or_a_400(data: st.DataObject) -> None:
    pod = {
        "metadata": {"name": "p", "labels": {"a": "b"}, "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {
            "containers": [
                {"name": "c", "resources": {"limits": {"cpu": "1"}}, "ports": [{"containerPort": 80}]}
            ]
        },
    }
    body = bytearray(envelope("v1", "Pod", pod))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(4, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert isinstance(wire.decode(bytes(body)), dict)
    except ApiError as error:
        assert error.code == 400


def test_replicas_zero_survive_and_unset_strings_do_not_appear() -> None:
    body = envelope(
        "apps/v1", "Deployment", {"metadata": {"name": "web", "namespace": ""}, "spec": {"replicas": 0}}
    )
    obj = wire.decode(body)
    assert obj["spec"]["replicas"] == 0
    assert obj["metadata"] == {"name": "web"}


def test_a_body_without_the_magic_is_refused() -> None:
    with pytest.raises(ApiError, match="expected prefix"):
        wire.decode(b"{}")


def test_an_unknown_kind_is_named() -> None:
    meta = b"\x0a\x02v9\x12\x03Foo"
    with pytest.raises(ApiError, match='no kind "Foo" is registered for version "v9"'):
        wire.decode(b"k8s\x00\x0a" + bytes([len(meta)]) + meta)
