"""JSON, merge and strategic merge patches."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labrunner.sim import patch
from labrunner.sim.errors import ApiError
from labrunner.sim.objects import Obj, clone
from labrunner.sim.patch import formats, jsonpatch
from labrunner.sim.schema.goreader import GoReader

from .kinds import CONFIG_MAP, CRON_TAB, DEPLOYMENT, POD, Rt


def deployment(**template: Any) -> Obj:
    containers = [
        {
            "name": "web",
            "image": "nginx:1",
            "env": [{"name": "A", "value": "1"}],
            "ports": [{"containerPort": 80}],
        },
        {"name": "log", "image": "log:1", "args": ["-v"]},
    ]
    spec = {"containers": containers, "nodeSelector": {"disk": "ssd"}, **template}
    return {
        "kind": "Deployment",
        "apiVersion": "apps/v1",
        "metadata": {"name": "d", "labels": {"a": "1"}, "finalizers": ["x/a", "x/b"]},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"a": "1"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
            "template": {"spec": spec},
        },
    }


def strategic(change: Any, current: Obj | None = None, kind: Rt = DEPLOYMENT) -> patch.Patched:
    current = current or deployment()
    before = clone(current)
    found = patch.apply(patch.STRATEGIC_MERGE_PATCH, current, json.dumps(change).encode(), kind)
    assert current == before, "the patched object is shared and must stay as it is"
    return found


def pod_spec(change: Any) -> Any:
    return strategic({"spec": {"template": {"spec": change}}}).obj["spec"]["template"]["spec"]


def refused(content_type: str, body: bytes, kind: Rt = DEPLOYMENT, current: Obj | None = None) -> ApiError:
    with pytest.raises(ApiError) as caught:
        patch.apply(content_type, current or deployment(), body, kind)
    return caught.value


def test_containers_merge_by_name() -> None:
    web, log = pod_spec({"containers": [{"name": "log", "image": "log:2"}]})["containers"]
    assert (web["image"], log["image"], log["args"]) == ("nginx:1", "log:2", ["-v"])


def test_new_items_of_a_merged_list_come_first_unless_ordered() -> None:
    assert [c["name"] for c in pod_spec({"containers": [{"name": "new"}]})["containers"]] == [
        "new",
        "web",
        "log",
    ]
    order = [{"name": "log"}, {"name": "new"}, {"name": "web"}]
    ordered = pod_spec({"containers": [{"name": "new"}], "$setElementOrder/containers": order})
    assert [c["name"] for c in ordered["containers"]] == ["log", "new", "web"]


def test_items_and_maps_are_deleted_and_replaced_by_directive() -> None:
    left = pod_spec({"containers": [{"name": "web", "$patch": "delete"}]})["containers"]
    assert [c["name"] for c in left] == ["log"]
    only = pod_spec({"containers": [{"$patch": "replace"}, {"name": "one"}]})["containers"]
    assert [c["name"] for c in only] == ["one"]
    assert pod_spec({"nodeSelector": {"$patch": "replace", "zone": "b"}})["nodeSelector"] == {"zone": "b"}
    assert "nodeSelector" not in pod_spec({"nodeSelector": {"$patch": "delete"}})


def test_retain_keys_clears_the_other_member_of_a_union() -> None:
    change = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic(change).obj["spec"]["strategy"] == {"type": "Recreate"}


def test_primitive_lists_merge_or_lose_members() -> None:
    added = strategic({"metadata": {"finalizers": ["x/c"]}}).obj["metadata"]["finalizers"]
    assert sorted(added) == ["x/a", "x/b", "x/c"]
    change = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["x/a"]}}
    assert strategic(change).obj["metadata"]["finalizers"] == ["x/b"]


def test_lists_without_merge_strategy_are_replaced() -> None:
    assert pod_spec({"containers": [{"name": "log", "args": ["-q", "-x"]}]})["containers"][1]["args"] == [
        "-q",
        "-x",
    ]


def test_null_deletes() -> None:
    found = strategic({"metadata": {"labels": {"a": None, "b": "2"}}, "spec": {"replicas": None}}).obj
    assert found["metadata"]["labels"] == {"b": "2"}
    assert "replicas" not in found["spec"]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"spec": {"template": {"spec": {"containers": [{"image": "x"}]}}}}, 500,
         "map: map[image:x] does not contain declared merge key: name"),
        ({"spec": {"$patch": "explode"}}, 500, "unknown patch type: explode in map: map[$patch:explode]"),
        ({"spec": {"strategy": {"$retainKeys": "type"}}}, 400, "invalid patch format of retainKeys"),
        ({"metadata": {"$deleteFromPrimitiveList": ["x"]}}, 400, "invalid patch format of primitive list"),
        ({"spec": {"replicas": "x"}}, 422,
         ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:x]]": unrecognized type: int32'),
        ({"metadata": {"name": 5}}, 422,
         ' "" is invalid: patch: Invalid value: "map[metadata:map[name:5]]": cannot convert int64 to string'),
        ({"spec": {"selector": "x"}}, 422,
         ' "" is invalid: patch: Invalid value: "map[spec:map[selector:x]]": cannot restore struct from: string'),
    ],
)  # fmt: skip
def test_strategic_refusals(change: Any, code: int, words: str) -> None:
    error = refused(patch.STRATEGIC_MERGE_PATCH, json.dumps(change).encode())
    assert (error.code, error.message) == (code, words)


def test_unknown_fields_of_a_patch_are_problems_of_the_patched_object() -> None:
    found = strategic({"spec": {"replicaz": 1}})
    assert found.problems == ('unknown field "spec.replicaz"',)
    words = 'strict decoding error: unknown field "spec.replicaz"'
    shown = ' "" is invalid: patch: Invalid value: "map[spec:map[replicaz:1]]": '
    assert found.strict_error().message == shown + words


def test_custom_resources_take_no_strategic_patch() -> None:
    error = refused(patch.STRATEGIC_MERGE_PATCH, b"{}", CRON_TAB, {"spec": {}})
    assert error.code == 415
    assert error.message == (
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    )


def test_json_patch_operations() -> None:
    operations = [
        {"op": "test", "path": "/spec/replicas", "value": 2},
        {"op": "add", "path": "/metadata/labels/a~1b", "value": "x"},
        {"op": "copy", "from": "/metadata/labels/a", "path": "/metadata/labels/c"},
        {"op": "move", "from": "/metadata/labels/c", "path": "/metadata/labels/d"},
        {"op": "add", "path": "/spec/template/spec/containers/-", "value": {"name": "last"}},
        {"op": "remove", "path": "/spec/template/spec/containers/0"},
        {"op": "replace", "path": "/spec/template/spec/containers/-1/name", "value": "end"},
    ]
    found = patch.apply(patch.JSON_PATCH, deployment(), json.dumps(operations).encode(), DEPLOYMENT).obj
    assert found["metadata"]["labels"] == {"a": "1", "a/b": "x", "d": "1"}
    assert [c["name"] for c in found["spec"]["template"]["spec"]["containers"]] == ["log", "end"]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/spec/replicas", "value": 3},
        {"op": "test", "path": "/spec/replicas", "value": True},
        {"op": "remove", "path": "/spec/nothing"},
        {"op": "replace", "path": "/spec/nothing", "value": 1},
        {"op": "add", "path": "/spec/template/spec/containers/7", "value": {}},
        {"op": "add", "path": "/no/parent", "value": 1},
        {"op": "jump", "path": "/spec"},
        {"op": "add", "path": "spec", "value": 1},
    ],
)
def test_a_json_patch_that_fails_is_422_without_details(operation: Any) -> None:
    error = refused(patch.JSON_PATCH, json.dumps([operation]).encode())
    assert (error.code, error.reason) == (422, "Invalid")
    assert error.message == "the server rejected our request due to an error in our request"


def test_json_patches_that_are_none() -> None:
    words = "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
    assert refused(patch.JSON_PATCH, b"{}").message == words
    too_many = json.dumps([{"op": "test", "path": "/a"}] * 10_001).encode()
    assert refused(patch.JSON_PATCH, too_many).code == 413
    found = patch.apply(
        patch.JSON_PATCH, {"data": {}}, b'[{"op":"add","path":"/data/a","value":"1","why":2}]', CONFIG_MAP
    )
    assert found.problems == ('json patch unknown field "[0].why"',)


def test_merge_patch() -> None:
    found = patch.apply(
        patch.MERGE_PATCH, deployment(), b'{"metadata":{"labels":null},"spec":{"replicas":5}}', DEPLOYMENT
    )
    assert "labels" not in found.obj["metadata"]
    assert found.obj["spec"]["replicas"] == 5
    assert refused(patch.MERGE_PATCH, b"[1]").code == 400


JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)
OBJECTS = st.dictionaries(st.text(max_size=3), JSON, max_size=4)


def difference(old: Any, new: Any) -> Any:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    out = {key: None for key in old if key not in new}
    changed = {
        k: difference(old.get(k), v) for k, v in new.items() if k not in old or not jsonpatch.equal(old[k], v)
    }
    return {**out, **changed}


@settings(max_examples=200, deadline=None)
@given(OBJECTS, OBJECTS)
def test_a_merge_patch_of_the_difference_leads_there(old: Obj, new: Obj) -> None:
    before = clone(old)
    assert formats.merge(old, difference(old, new)) == new
    assert old == before


@settings(max_examples=200, deadline=None)
@given(OBJECTS, OBJECTS)
def test_a_json_patch_that_replaces_key_by_key_leads_there(old: Obj, new: Obj) -> None:
    def token(key: str) -> str:
        return "/" + key.replace("~", "~0").replace("/", "~1")

    steps = [{"op": "remove", "path": token(key)} for key in old if key not in new]
    steps += [{"op": "add", "path": token(key), "value": value} for key, value in new.items()]
    operations, _ = jsonpatch.parse(json.dumps(steps).encode())
    assert jsonpatch.apply(clone(old), operations) == new


NAMES = st.lists(st.sampled_from("abcdef"), unique=True, max_size=5)


@settings(max_examples=200, deadline=None)
@given(NAMES, NAMES, st.data())
def test_a_strategic_patch_with_order_gives_the_list_wanted(
    have: list[str], want: list[str], data: st.DataObject
) -> None:
    """As kubectl apply makes it: deletions, changed items, and the order of what is wanted."""
    image = data.draw(st.sampled_from(["x", "y"]))
    current: Obj = {"spec": {"containers": [{"name": n, "image": "x"} for n in have]}}
    changed: list[Obj] = [{"name": n, "image": image} for n in want]
    gone = [{"name": n, "$patch": "delete"} for n in have if n not in want]
    change = {
        "spec": {"containers": [*changed, *gone], "$setElementOrder/containers": [{"name": n} for n in want]}
    }
    found = strategic(change, current, POD).obj["spec"].get("containers") or []
    assert [(c["name"], c["image"]) for c in found] == [(n, image) for n in want]


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_any_strategic_patch_is_an_object_or_an_api_error(change: Any) -> None:
    try:
        found = patch.apply(
            patch.STRATEGIC_MERGE_PATCH, deployment(), json.dumps({"spec": change}).encode(), DEPLOYMENT
        )
    except ApiError as error:
        assert error.code in (400, 422, 500)
    else:
        assert GoReader({}).read(found.obj, None) == found.obj
