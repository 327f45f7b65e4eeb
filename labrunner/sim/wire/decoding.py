r"""The ``k8s\0`` envelope and the messages in it.

Message numbers come from the same table of Go types that JSON decoding uses (``schema.gotypes``), so both ways of
writing an object end in the same one. Fields unknown to the table are skipped, as the API server skips them.
"""

from __future__ import annotations

from typing import Any, Final

from labrunner.sim.errors import bad_request
from labrunner.sim.objects import Obj
from labrunner.sim.schema import gotypes
from labrunner.sim.schema.goreader import GoReader, HardError
from labrunner.sim.wire.messages import read_struct
from labrunner.sim.wire.varints import MalformedError, fields_of, utf8, view

MAGIC: Final = b"k8s\x00"
_TYPE_META, _RAW, _ENCODING, _CONTENT_TYPE = 1, 2, 3, 4


def decode(body: bytes, default: tuple[str, str] | None = None) -> Obj:
    """The object in a protobuf *body*.

    *default* is the (apiVersion, kind) to assume when the envelope names none. Raises ApiError (400).
    """
    if not body.startswith(MAGIC):
        raise bad_request(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    try:
        api_version, kind, raw = _envelope(memoryview(body)[len(MAGIC) :])
        if not kind and default is not None:
            api_version, kind = default
        return _object(api_version, kind, raw)
    except (MalformedError, HardError, RecursionError) as error:
        raise bad_request(f"the object provided is unrecognized: proto: {error}") from None


def _envelope(data: memoryview) -> tuple[str, str, memoryview]:
    api_version = kind = ""
    raw = memoryview(b"")
    for number, _, value in fields_of(data):
        if number == _TYPE_META:
            for inner, _, text in fields_of(view(value)):
                if inner == 1:
                    api_version = utf8(text)
                elif inner == 2:
                    kind = utf8(text)
        elif number == _RAW:
            raw = view(value)
        elif (number == _ENCODING and utf8(value)) or (number == _CONTENT_TYPE and utf8(value) not in _PLAIN):
            raise MalformedError("nested encodings are not supported")
    return api_version, kind, raw


_PLAIN: Final = ("", "application/vnd.kubernetes.protobuf")


def _object(api_version: str, kind: str, raw: memoryview) -> Obj:
    group, _, version = api_version.rpartition("/")
    target = gotypes.struct_of(group, version, kind)
    if target is None:
        raise bad_request(f'no kind "{kind}" is registered for version "{api_version}" in scheme')
    body: dict[str, Any] = read_struct(raw, target)
    body["kind"], body["apiVersion"] = kind, api_version
    return GoReader({}).read(body, target)
