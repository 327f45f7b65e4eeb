"""Server-side apply and field managers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone
from labrunner.sim.patch import entries, fieldsets, managed, paths, shapes, ssa
from labrunner.sim.schema.goreader import GoReader

from .kinds import CONFIG_MAP, CRON_TAB, DEPLOYMENT, POD, SERVICE, Rt

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)


def config(**data: str) -> Obj:
    given = {"data": data} if data else {}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "n"}, **given}


def web(**spec: Any) -> Obj:
    container = {
        "name": "web",
        "image": "nginx:1",
        "env": [{"name": "A", "value": "1"}],
        "ports": [{"containerPort": 80}],
    }
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "namespace": "n", "labels": {"a": "b"}},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template, **spec},
    }


def managers(obj: Obj) -> dict[str, Obj]:
    return {entry["manager"]: entry["fieldsV1"] for entry in obj["metadata"].get("managedFields", ())}


def conflict(current: Obj, applied: Obj, manager: str = "other", kind: Rt = CONFIG_MAP) -> ApiError:
    with pytest.raises(ApiError) as caught:
        ssa.apply(current, applied, manager, False, kind, LATER)
    return caught.value


def created(obj: Obj, kind: Rt, manager: str = "kubectl-create") -> Obj:
    from labrunner.sim.schema import gotypes

    made = GoReader({}).read(clone(obj), gotypes.struct_of(kind.group, kind.version, kind.kind))
    managed.track_update(made, None, manager, "", kind, NOW)
    return made


def test_applying_creates_and_owns() -> None:
    made = ssa.apply(None, config(a="1"), "kubectl", False, CONFIG_MAP, NOW)
    assert made["data"] == {"a": "1"}
    (entry,) = made["metadata"]["managedFields"]
    assert entry == {
        "manager": "kubectl", "operation": "Apply", "apiVersion": "v1", "time": "2026-05-01T12:00:00Z",
        "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:a": {}}},
    }  # fmt: skip


def test_one_conflict_and_several_are_worded_differently() -> None:
    made = ssa.apply(None, config(a="1", b="1", c="1"), "kubectl", False, CONFIG_MAP, NOW)
    one = conflict(made, config(a="2"))
    assert (one.code, one.reason) == (409, "Conflict")
    assert one.message == 'Apply failed with 1 conflict: conflict with "kubectl": .data.a'
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl"', "field": ".data.a"}
    assert one.details == {"causes": [cause]}
    two = conflict(made, config(c="2", a="2"))
    assert two.message == 'Apply failed with 2 conflicts: conflicts with "kubectl":\n- .data.a\n- .data.c'


def test_conflicts_with_updaters_tell_their_version_and_subresource() -> None:
    made = created(web(), DEPLOYMENT)
    error = conflict(made, web(replicas=5), kind=DEPLOYMENT)
    assert (
        error.message
        == 'Apply failed with 1 conflict: conflict with "kubectl-create" using apps/v1: .spec.replicas'
    )
    scaled = clone(made)
    scaled["spec"]["replicas"] = 3
    managed.track_update(scaled, made, "kubectl", "scale", DEPLOYMENT, LATER)
    words = 'conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas'
    assert words in conflict(scaled, web(replicas=5), kind=DEPLOYMENT).message


def test_conflicts_inside_lists_name_the_item_members_first() -> None:
    made = ssa.apply(None, web(), "kubectl", False, DEPLOYMENT, NOW)
    changed = web()
    changed["spec"]["template"]["spec"]["containers"][0].update(
        image="nginx:2", env=[{"name": "A", "value": "2"}]
    )
    lines = conflict(made, changed, kind=DEPLOYMENT).message.splitlines()
    where = '- .spec.template.spec.containers[name="web"]'
    assert lines[1:] == [f"{where}.image", f'{where}.env[name="A"].value']


def test_force_takes_fields_over() -> None:
    made = ssa.apply(None, config(a="1", b="1"), "kubectl", False, CONFIG_MAP, NOW)
    taken = ssa.apply(made, config(a="2", c="1"), "robot", True, CONFIG_MAP, LATER)
    assert taken["data"] == {"a": "2", "b": "1", "c": "1"}
    assert managers(taken) == {
        "kubectl": {"f:data": {"f:b": {}}},
        "robot": {"f:data": {"f:a": {}, "f:c": {}}},
    }


def test_equal_values_are_owned_together_and_the_time_of_a_no_op_stays() -> None:
    made = ssa.apply(None, config(a="1"), "kubectl", False, CONFIG_MAP, NOW)
    shared = ssa.apply(made, config(a="1"), "robot", False, CONFIG_MAP, LATER)
    assert managers(shared) == {"kubectl": {"f:data": {"f:a": {}}}, "robot": {"f:data": {"f:a": {}}}}
    times = {entry["manager"]: entry.get("time") for entry in shared["metadata"]["managedFields"]}
    assert times == {"kubectl": "2026-05-01T12:00:00Z", "robot": None}


def test_fields_no_longer_applied_go_unless_someone_else_has_them() -> None:
    made = ssa.apply(None, config(a="1", b="1", c="1"), "kubectl", False, CONFIG_MAP, NOW)
    shared = ssa.apply(made, config(b="1"), "robot", False, CONFIG_MAP, NOW)
    left = ssa.apply(shared, config(a="1"), "kubectl", False, CONFIG_MAP, LATER)
    assert left["data"] == {"a": "1", "b": "1"}
    assert managers(left)["kubectl"] == {"f:data": {"f:a": {}}}


def test_list_items_are_removed_by_key_and_others_stay() -> None:
    made = ssa.apply(None, web(), "kubectl", False, DEPLOYMENT, NOW)
    more = web()
    more["spec"]["template"]["spec"]["containers"] = [{"name": "side", "image": "s"}]
    both = ssa.apply(made, more, "mesh", False, DEPLOYMENT, NOW)
    names = [c["name"] for c in both["spec"]["template"]["spec"]["containers"]]
    assert sorted(names) == ["side", "web"]
    more["spec"]["template"]["spec"]["containers"] = []
    back = ssa.apply(both, more, "mesh", False, DEPLOYMENT, LATER)
    assert [c["name"] for c in back["spec"]["template"]["spec"]["containers"]] == ["web"]


def test_ports_are_keyed_with_the_default_protocol() -> None:
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"},
        "spec": {"ports": [{"port": 80}, {"port": 80, "protocol": "UDP"}]},
    }  # fmt: skip
    made = ssa.apply(None, service, "kubectl", False, SERVICE, NOW)
    ports = managers(made)["kubectl"]["f:spec"]["f:ports"]
    assert list(ports) == ['k:{"port":80,"protocol":"TCP"}', 'k:{"port":80,"protocol":"UDP"}']


def test_atomic_structs_are_owned_as_one() -> None:
    made = ssa.apply(None, web(), "kubectl", False, DEPLOYMENT, NOW)
    assert managers(made)["kubectl"]["f:spec"]["f:selector"] == {}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"replicaz": 1}, ".spec.replicaz: field not declared in schema"),
        ({"replicas": "2"}, ".spec.replicas: expected numeric (int or float), got string"),
        ({"template": {"spec": {"containers": [{"image": "x"}]}}},
         '.spec.template.spec.containers: element 0: associative list with keys has an element that omits all key '
         'fields ["name"] (and doesn\'t have default values for any key fields)'),
        ({"template": {"spec": {"containers": [{"name": "x"}, {"name": "x"}]}}},
         '.spec.template.spec.containers: duplicate entries for key [name="x"]'),
    ],
)  # fmt: skip
def test_configurations_that_do_not_fit_the_schema(change: Obj, words: str) -> None:
    with pytest.raises(ApiError) as caught:
        ssa.apply(None, web(**change), "kubectl", False, DEPLOYMENT, NOW)
    assert caught.value.code == 500
    prefix = "failed to create typed patch object (n/d; apps/v1, Kind=Deployment): "
    assert caught.value.message == prefix + words


def test_kubectl_moves_from_client_side_to_server_side_without_conflict() -> None:
    applied = config(a="1")
    text = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"n"},"data":{"a":"1"}}\n'
    before = clone(applied)
    before["metadata"]["annotations"] = {ssa.LAST_APPLIED: text}
    made = created(before, CONFIG_MAP, "kubectl-client-side-apply")
    changed = ssa.apply(made, config(a="2"), "kubectl", False, CONFIG_MAP, LATER)
    assert changed["data"] == {"a": "2"}
    assert changed["metadata"]["annotations"][ssa.LAST_APPLIED] == (
        '{"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap","metadata":{"name":"c","namespace":"n"}}\n'
    )
    assert conflict(made, config(a="2"), manager="robot").code == 409


def test_an_update_owns_what_it_adds_and_changes() -> None:
    made = created(web(), DEPLOYMENT)
    fields = managers(made)["kubectl-create"]
    assert fields["f:metadata"] == {"f:labels": {".": {}, "f:a": {}}}
    container = fields["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"web"}']
    assert list(container) == [".", "f:env", "f:image", "f:name", "f:ports", "f:resources"]
    changed = clone(made)
    changed["spec"]["replicas"] = 9
    del changed["spec"]["template"]["spec"]["containers"][0]["env"]
    managed.track_update(changed, made, "kubectl-edit", "", DEPLOYMENT, LATER)
    found = managers(changed)
    assert found["kubectl-edit"] == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in found["kubectl-create"]["f:spec"]
    left = found["kubectl-create"]["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"web"}']
    assert "f:env" not in left


def test_status_and_spec_are_owned_through_their_own_endpoints() -> None:
    made = created(web(), DEPLOYMENT)
    changed = clone(made)
    changed["status"] = {"replicas": 2}
    changed["spec"]["replicas"] = 7
    through_status = clone(changed)
    managed.track_update(through_status, made, "kcm", "status", DEPLOYMENT, LATER)
    entry = next(e for e in through_status["metadata"]["managedFields"] if e["manager"] == "kcm")
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:replicas": {}}})
    managed.track_update(changed, made, "kcm", "", DEPLOYMENT, LATER)
    assert managers(changed)["kcm"] == {"f:spec": {"f:replicas": {}}}


def test_an_update_that_changes_nothing_adds_no_entry() -> None:
    made = created(web(), DEPLOYMENT)
    again = clone(made)
    managed.track_update(again, made, "someone", "", DEPLOYMENT, LATER)
    assert again == made


def test_managed_fields_can_be_reset_and_written_by_hand() -> None:
    made = created(config(a="1"), CONFIG_MAP)
    reset = clone(made)
    reset["metadata"]["managedFields"] = []
    managed.track_update(reset, made, "someone", "", CONFIG_MAP, LATER)
    assert "managedFields" not in reset["metadata"]
    renamed = clone(made)
    renamed["metadata"]["managedFields"][0]["manager"] = "kubectl"
    managed.track_update(renamed, made, "someone", "", CONFIG_MAP, LATER)
    assert list(managers(renamed)) == ["kubectl"]
    forgotten = clone(made)
    del forgotten["metadata"]["managedFields"]
    managed.track_update(forgotten, made, "someone", "", CONFIG_MAP, LATER)
    assert list(managers(forgotten)) == ["kubectl-create"]


def test_an_object_without_managers_gets_one_at_its_first_apply() -> None:
    plain = config(a="1", b="1")
    found = ssa.apply(plain, config(c="1"), "robot", False, CONFIG_MAP, LATER)
    assert managers(found) == {
        "before-first-apply": {"f:data": {".": {}, "f:a": {}, "f:b": {}}},
        "robot": {"f:data": {"f:c": {}}},
    }


def test_the_oldest_of_more_than_ten_updaters_are_merged() -> None:
    obj = created(config(k0="0"), CONFIG_MAP, "m0")
    for i in range(1, 13):
        changed = clone(obj)
        changed["data"][f"k{i}"] = str(i)
        managed.track_update(changed, obj, f"m{i}", "", CONFIG_MAP, NOW + timedelta(seconds=i))
        obj = changed
    found = managers(obj)
    assert len(found) == entries.MAX_UPDATERS
    assert {"f:k0", "f:k1", "f:k2"} <= found["ancient-changes"]["f:data"].keys()


SCHEMA: Obj = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "image": {"type": "string"},
                "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                "ports": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {
                        "type": "object",
                        "properties": {"name": {"type": "string"}, "port": {"type": "integer"}},
                    },
                },
                "opts": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "window": {"x-kubernetes-int-or-string": True},
            },
        }
    },
}


def cron(**spec: Any) -> Obj:
    return {"apiVersion": "stable.example.com/v1", "kind": "CronTab", "metadata": {"name": "c"}, "spec": spec}


def test_custom_resources_follow_their_structural_schema() -> None:
    obj = cron(tags=["a"], ports=[{"name": "http", "port": 80}], opts={"any": {"thing": 1}}, window="1h")
    made = ssa.apply(None, obj, "kubectl", False, CRON_TAB, NOW, schema=SCHEMA)
    assert managers(made)["kubectl"]["f:spec"] == {
        "f:opts": {"f:any": {".": {}, "f:thing": {}}},
        "f:ports": {'k:{"name":"http"}': {".": {}, "f:name": {}, "f:port": {}}},
        "f:tags": {'v:"a"': {}},
        "f:window": {},
    }
    more = ssa.apply(made, cron(tags=["b"]), "bot", False, CRON_TAB, NOW, schema=SCHEMA)
    assert sorted(more["spec"]["tags"]) == ["a", "b"]
    with pytest.raises(ApiError, match=r"\.spec\.imag: field not declared in schema"):
        ssa.apply(None, cron(imag="x"), "kubectl", False, CRON_TAB, NOW, schema=SCHEMA)


# Properties of the sets and walks.

LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "x", "y"])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


@settings(max_examples=200, deadline=None)
@given(OBJECTS, OBJECTS)
def test_a_comparison_is_disjoint_and_mirrors(old: Obj, new: Obj) -> None:
    there, back = fieldsets.compare(old, new, shapes.ANY), fieldsets.compare(new, old, shapes.ANY)
    assert not there.added & there.removed
    assert not there.added & there.modified
    assert not there.removed & there.modified
    assert (there.added, there.removed, there.modified) == (back.removed, back.added, back.modified)


@settings(max_examples=200, deadline=None)
@given(OBJECTS)
def test_fields_survive_their_encoding(obj: Obj) -> None:
    found = fieldsets.fields_of(obj, shapes.ANY)
    assert paths.decode(paths.encode(found)) == found
    assert sorted(paths.in_order(found)) == sorted(found)


@settings(max_examples=200, deadline=None)
@given(OBJECTS, OBJECTS)
def test_a_merge_sets_everything_applied_and_merging_again_changes_nothing(live: Obj, applied: Obj) -> None:
    before = clone(live), clone(applied)
    merged = fieldsets.merge(live, applied, shapes.ANY)
    if merged is fieldsets.ABSENT:
        return
    assert fieldsets.merge(merged, applied, shapes.ANY) == merged
    assert (live, applied) == before


CONTAINERS = st.lists(st.sampled_from("abcde"), unique=True, max_size=5)


@settings(max_examples=200, deadline=None)
@given(CONTAINERS, CONTAINERS)
def test_merged_items_keep_the_applied_order_and_lose_nobody(live: list[str], applied: list[str]) -> None:
    shape = shapes.of_kind(POD).child("spec")
    assert shape is not None
    merged = fieldsets.merge(
        {"containers": [{"name": n, "image": "old"} for n in live]},
        {"containers": [{"name": n, "image": "new"} for n in applied]},
        shape,
    )
    found = [
        (c["name"], c["image"]) for c in (merged["containers"] if merged is not fieldsets.ABSENT else [])
    ]
    assert sorted(n for n, _ in found) == sorted({*live, *applied})
    assert [n for n, image in found if image == "new"] == applied
    assert [n for n, image in found if image == "old"] == [n for n in live if n not in applied]


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(st.sampled_from("abc"), st.text(max_size=2)),
    st.dictionaries(st.sampled_from("abc"), st.text(max_size=2)),
)
def test_applying_and_applying_nothing_gives_back_what_was(
    mine: dict[str, str], theirs: dict[str, str]
) -> None:
    base = ssa.apply(None, config(**{f"m{k}": v for k, v in mine.items()}), "mine", False, CONFIG_MAP, NOW)
    both = ssa.apply(
        base, config(**{f"t{k}": v for k, v in theirs.items()}), "theirs", False, CONFIG_MAP, NOW
    )
    back = ssa.apply(both, config(), "theirs", False, CONFIG_MAP, NOW)
    assert back.get("data") == base.get("data")
