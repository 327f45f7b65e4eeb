"""Request bodies: what the decoder makes of them, and what it says about the wrong ones."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labrunner.sim import schema
from labrunner.sim.errors import ApiError
from labrunner.sim.schema import gotimes, gotypes

from .kinds import CONFIG_MAP, CRON_TAB, DEPLOYMENT, POD, SERVICE, Rt


def decode(obj: Any, kind: Rt) -> schema.Decoded:
    return schema.decode(obj if isinstance(obj, bytes) else json.dumps(obj).encode(), kind)


def refusal(obj: Any, kind: Rt) -> str:
    with pytest.raises(ApiError) as caught:
        decode(obj, kind)
    assert caught.value.code == 400
    return caught.value.message


def pod(**container: Any) -> dict[str, Any]:
    return {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", **container}]}}


def test_unknown_fields_are_dropped_and_reported_in_document_order() -> None:
    body = {
        "spec": {"zeta": 1, "containers": [{"name": "c", "imag": "x"}]},
        "alpha": 1,
        "metadata": {"nam": "x"},
    }
    decoded = decode(body, POD)
    assert decoded.problems == (
        'unknown field "spec.zeta"',
        'unknown field "spec.containers[0].imag"',
        'unknown field "alpha"',
        'unknown field "metadata.nam"',
    )
    assert "zeta" not in decoded.obj["spec"]
    assert "alpha" not in decoded.obj


def test_field_names_are_case_sensitive() -> None:
    assert decode({"Metadata": {}}, POD).problems == ('unknown field "Metadata"',)


def test_fields_given_twice_are_reported_and_the_last_one_counts() -> None:
    decoded = decode(b'{"metadata":{"name":"a","name":"b"},"data":{"k":"1","k":"2"}}', CONFIG_MAP)
    assert decoded.problems == ('duplicate field "metadata.name"', 'duplicate field "data.k"')
    assert decoded.obj["metadata"]["name"] == "b"
    assert decoded.obj["data"] == {"k": "2"}


def test_duplicates_in_custom_resources_are_found_without_a_type() -> None:
    decoded = decode(b'{"spec":{"a":[{"b":1,"b":2}]}}', CRON_TAB)
    assert decoded.problems == ('duplicate field "spec.a[0].b"',)


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ({"spec": {"replicas": "two"}}, DEPLOYMENT, "string > DeploymentSpec.spec.replicas of type int32"),
        ({"spec": {"replicas": 1.5}}, DEPLOYMENT, "number 1.5 > DeploymentSpec.spec.replicas of type int32"),
        ({"spec": {"replicas": 1 << 31}}, DEPLOYMENT, "number 2147483648 > DeploymentSpec.spec.replicas of type int32"),
        ({"spec": []}, POD, "array > Pod.spec of type v1.PodSpec"),
        (pod(imagePullPolicy=True), POD, "bool > Container.spec.containers.imagePullPolicy of type v1.PullPolicy"),
        (pod(ports={"a": 1}), POD, "object > Container.spec.containers.ports of type []v1.ContainerPort"),
        ({"metadata": {"labels": {"a": 5}}}, POD, "number > ObjectMeta.metadata.labels of type string"),
        ({"spec": {"ports": [{"targetPort": True}]}}, SERVICE, "bool > ServicePort.spec.ports.targetPort of type int32"),
    ],
)  # fmt: skip
def test_wrong_types_are_worded_as_gos_decoder_words_them(body: Any, kind: Rt, words: str) -> None:
    prefix = f'{kind.kind} in version "v1" cannot be handled as a {kind.kind}: json: cannot unmarshal '
    assert refusal(body, kind) == prefix + words.replace(" > ", " into Go struct field ")


def test_of_two_type_mismatches_the_first_is_told() -> None:
    assert "spec.containers.name" in refusal({"spec": {"containers": [{"name": 1, "image": 2}]}}, POD)


def test_a_quantity_that_does_not_parse_beats_an_earlier_type_mismatch() -> None:
    message = refusal(pod(image=5, resources={"limits": {"cpu": "half"}}), POD)
    assert message.endswith(
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    )


def test_times_are_read_and_cut_to_seconds_in_utc() -> None:
    body = {"metadata": {"name": "a", "deletionTimestamp": "2026-05-01T12:00:00.75+02:00"}}
    assert decode(body, POD).obj["metadata"]["deletionTimestamp"] == "2026-05-01T10:00:00Z"
    message = refusal({"metadata": {"deletionTimestamp": "yesterday"}}, POD)
    assert message.endswith(
        'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"'
    )


def test_an_object_looks_as_if_go_had_written_it() -> None:
    body = pod(image="", args=[], resources={"limits": {"memory": "1024Ki", "cpu": 0.5}}, env=None, tty=False)
    found = decode(body, POD).obj
    assert list(found) == ["kind", "apiVersion", "metadata", "spec", "status"]
    limits = {"cpu": "500m", "memory": "1Mi"}
    assert found["spec"]["containers"] == [{"name": "c", "resources": {"limits": limits}}]
    assert found["status"] == {}


def test_pointers_keep_their_zero_and_plain_fields_lose_it() -> None:
    found = decode({"spec": {"replicas": 0, "minReadySeconds": 0, "paused": False}}, DEPLOYMENT).obj["spec"]
    assert found["replicas"] == 0
    assert not {"minReadySeconds", "paused"} & found.keys()


@pytest.mark.parametrize(("text", "canonical"), [("YQ==", "YQ=="), ("YWI\n=", "YWI=")])
def test_bytes_are_base64(text: str, canonical: str) -> None:
    secret = Rt("", "v1", "Secret")
    assert decode({"data": {"k": text}}, secret).obj["data"]["k"] == canonical
    assert refusal({"data": {"k": "not base64!"}}, secret).endswith("illegal base64 data at input byte 3")


def test_yaml_bodies_tell_of_keys_given_twice() -> None:
    decoded = schema.decode(b"metadata: {name: x}\ndata:\n  a: '1'\n  a: '2'\n", CONFIG_MAP, yaml=True)
    assert decoded.problems == (
        'error converting YAML to JSON: yaml: unmarshal errors:\n  line 4: key "a" already set in map',
    )
    assert decoded.obj["data"] == {"a": "2"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"nul", b'{"a":}', b"{" * 5000, b"\xff\xfe"])
def test_broken_bodies_are_refused(body: bytes) -> None:
    assert refusal(body, POD)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "spec", "name", "labels", "containers", "status", "x"]), inner
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json_is_an_object_or_a_400(value: Any) -> None:
    try:
        once = decode(value, POD)
    except ApiError as error:
        assert error.code == 400
        return
    again = decode(once.obj, POD)
    assert again.obj == once.obj
    assert again.problems == ()


def test_every_type_in_the_table_can_be_compiled() -> None:
    names = [name for name, record in gotypes._table().items() if isinstance(record, dict)]
    assert len(names) > 600
    known = {
        "map",
        "list",
        "struct",
        "string",
        "bool",
        "int",
        "float",
        "bytes",
        "time",
        "micro-time",
        "duration",
    }
    known |= {"quantity", "int-or-string", "raw", "json", "fields", "any"}
    known |= {"schema-or-array", "schema-or-bool", "schema-or-strings"}
    for name in names:
        for field in gotypes.struct(name).fields.values():
            assert field.type.kind in known, f"{name}.{field.json}"


@pytest.mark.parametrize(
    ("text", "nanos", "shown"),
    [("1h30m", 5400 * 10**9, "1h30m0s"), ("1.5s", 1500 * 10**6, "1.5s"), ("20ms", 20 * 10**6, "20ms"),
     ("-2m", -120 * 10**9, "-2m0s"), ("0", 0, "0s"), ("1h", 3600 * 10**9, "1h0m0s")],
)  # fmt: skip
def test_durations(text: str, nanos: int, shown: str) -> None:
    assert gotimes.parse_duration(text) == nanos
    assert gotimes.duration_text(nanos) == shown


def test_depth_is_bounded() -> None:
    deep = b'{"spec":' * 400 + b"1" + b"}" * 400
    assert "exceeded max depth" in refusal(deep, CRON_TAB)
    flat = {"data": {f"k{i}": "{[" for i in range(300)}}
    assert len(decode(flat, CONFIG_MAP).obj["data"]) == 300


@pytest.mark.parametrize("body", [b'{"a": NaN}', b'{"a": Infinity}', b"\xff", b'{"a": 1} x'])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    assert refusal(body, CRON_TAB)


def yaml(body: bytes) -> Any:
    return schema.decode(body, CRON_TAB, yaml=True).obj


def test_yaml_scalars_are_read_as_gos_parser_reads_them() -> None:
    found = yaml(b"a: 80:80\nb: 2026-01-01\nc: 010\nd: 0x10\ne: 1e3\nf: yes\ng: ~\nh: '5'\n1: x\ni: 1_000\n")
    assert found == {
        "1": "x", "a": "80:80", "b": "2026-01-01", "c": 8, "d": 16, "e": 1000.0, "f": True, "g": None, "h": "5", "i": 1000,
    }  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"a: &a [x, x, x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\n"
        b"d: &d [*c, *c, *c, *c]\ne: &e [*d, *d, *d, *d]\nf: [*e, *e, *e]\n",
        b"a: &a\n  b: *a\n",
        b"a: [",
        b"a: b: c",
        b"a: !!python/object:os.system x",
        b"--- a\n--- b\n",
        b"? [a, b]\n: c\n",
    ],
)
def test_hostile_yaml_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        yaml(body)
    assert caught.value.code == 400


def test_custom_resources_are_pruned_by_their_schema_with_sorted_complaints() -> None:
    ports = {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}}}}
    kept = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    labels = {
        "type": "object",
        "additionalProperties": {"type": "object", "properties": {"v": {"type": "string"}}},
    }
    spec = {"type": "object", "properties": {"ports": ports, "opts": kept, "labels": labels}}
    structure = {"type": "object", "properties": {"spec": spec}}
    body = {
        "zone": 1,
        "metadata": {"name": "x"},
        "spec": {
            "ports": [{"name": "a"}, {"nam": 1}],
            "opts": {"any": 1},
            "labels": {"k": {"v": "1", "w": 2}},
            "imag": 1,
        },
    }
    found = schema.decode(json.dumps(body).encode(), CRON_TAB, structure=structure)
    paths = ["spec.imag", "spec.labels.k.w", "spec.ports[1].nam", "zone"]
    assert list(found.problems) == [f'unknown field "{path}"' for path in paths]
    assert found.obj == {
        "metadata": {"name": "x"},
        "spec": {"ports": [{"name": "a"}, {}], "opts": {"any": 1}, "labels": {"k": {"v": "1"}}},
    }
