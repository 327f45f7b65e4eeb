"""Random requests for every resource and verb: whatever is asked, the answer is an answer, never a failure."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from labrunner.sim import controllers
from labrunner.sim.http import Request, Response
from labrunner.sim.http.parser import parse_head
from labrunner.sim.schema import jsonbody
from tests.sim.http_client import Http, Tap
from tests.sim.random_objects import Requests, Wanted

# What a real server answers with 500, too: applied configurations that do not fit their type or name a version.
REAL_FAILURES = (
    "failed to create typed patch object",
    "failed to convert new typed object",
    "resourceVersion should not be set on objects to be created",
)


def ask(http: Http, wanted: Wanted) -> Response | None:
    """The answer, None for a stream (which has been opened and closed)."""
    lines = [f"{wanted.method} {wanted.target} HTTP/1.1", "Host: 127.0.0.1", "Authorization: Bearer admin"]
    lines += [f"{key}: {value}" for key, value in wanted.headers.items()]
    answer = http.application.handle(Request(parse_head("\r\n".join(lines).encode()), wanted.body))
    if isinstance(answer, Response):
        return answer
    tap = Tap(http.clock, answer)
    answer.opened(tap)
    tap.events()
    answer.closed()
    return None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_no_request_brings_the_server_or_its_controllers_down(
    seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        http = Http(Path(name))
    running = controllers.start(
        http.api, root_ca="", make_token=lambda *_: "token", sign=lambda *_: b"certificate"
    )
    random = Random(seed)
    requests = Requests(random, http.api.registry)
    accepted = 0
    for _ in range(250):
        wanted = requests.next()
        answer = ask(http, wanted)
        http.clock.advance(random.choice((0, 0, 0, 0.5, 3)))
        if answer is None or answer.content_type != "application/json":
            continue
        body = json.loads(answer.body)
        if answer.status >= 400 and body.get("kind") == "Status":
            assert body["code"] == answer.status
            assert body["status"] == "Failure"
        if answer.status == 500:
            assert body["message"].startswith(REAL_FAILURES), (wanted, body)
        if answer.status < 300:
            accepted += 1
            requests.learn(wanted, body)
    running.stop()
    assert accepted > 3  # a seed of many refusals still gets some through
    assert capsys.readouterr().err == ""


def test_text_that_is_no_unicode_is_replaced_as_go_does() -> None:
    body = rb'{"half": "\ud800", "pair": "\ud83d\ude00", "text": "\\ud800", "raw": "' + b'\xff"}'
    assert jsonbody.parse(body)[0] == {"half": "�", "pair": "😀", "text": "\\ud800", "raw": "�"}
