"""OpenAPI documents: the v3 index and its group-versions, and the (nearly empty) v2 document."""

from __future__ import annotations

from labrunner.sim.api.local import Api
from labrunner.sim.crd import Definitions
from labrunner.sim.http import Request, Response


class OpenApi:
    """Answers ``/openapi/…``."""

    def __init__(self, api: Api, definitions: Definitions) -> None:
        self._api = api
        self._definitions = definitions

    def answer(self, request: Request) -> Response | None:  # noqa: ARG002
        """The document at the request's path, or None when there is none."""
        return None
