"""Which representation the client wants: the object, a Table, its metadata only; JSON or YAML."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from labrunner.sim.errors import not_acceptable

Shape = Literal["object", "table", "metadata", "metadata-list"]

PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
TABLE_TYPE: Final = "application/json;as=Table;v=v1;g=meta.k8s.io"
_JSON: Final = ("application/json", "application/*", "*/*")
_OFFERED: Final = ("application/json", "application/yaml")
_META_VERSIONS: Final = ("v1", "v1beta1")


@dataclass(frozen=True, slots=True)
class Rendition:
    """A representation."""

    shape: Shape = "object"
    yaml: bool = False
    version: str = "v1"


@dataclass(frozen=True, slots=True)
class MediaType:
    """One entry of an Accept or a Content-Type header."""

    name: str
    parameters: dict[str, str]


@lru_cache(maxsize=256)
def media_types(header: str) -> tuple[MediaType, ...]:
    """The media types of a header, as written."""
    found: list[MediaType] = []
    for entry in header.split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        pairs = (p.partition("=") for p in parameters)
        if name:
            found.append(MediaType(name.lower(), {k.lower(): v.strip('"') for k, _, v in pairs}))
    return tuple(found)


@lru_cache(maxsize=256)
def rendition(accept: str) -> Rendition:
    """The first acceptable representation. Raises ApiError (406)."""
    if not accept:
        return Rendition()
    for media in media_types(accept):
        if media.name in _JSON or media.name == "application/yaml":
            yaml = media.name == "application/yaml"
            wanted = media.parameters.get("as")
            if not wanted:
                return Rendition(yaml=yaml)
            if media.parameters.get("g") != "meta.k8s.io" or media.parameters.get("v") not in _META_VERSIONS:
                continue
            version = media.parameters["v"]
            if wanted == "Table":
                return Rendition("table", yaml, version)
            if wanted == "PartialObjectMetadata":
                return Rendition("metadata", yaml, version)
            if wanted == "PartialObjectMetadataList":
                return Rendition("metadata-list", yaml, version)
    raise not_acceptable(_OFFERED)


@lru_cache(maxsize=256)
def wants_aggregated_discovery(accept: str) -> str | None:
    """The version (``v2`` or ``v2beta1``) of aggregated discovery that is preferred to plain JSON, or None."""
    for media in media_types(accept):
        if media.name not in _JSON:
            continue
        wanted = media.parameters.get("as")
        if not wanted:
            return None
        if wanted == "APIGroupDiscoveryList" and media.parameters.get("g") == "apidiscovery.k8s.io":
            version = media.parameters.get("v", "")
            if version in ("v2", "v2beta1"):
                return version
    return None


def content_type(header: str) -> str:
    """The bare media type of a Content-Type header."""
    return header.partition(";")[0].strip().lower()
