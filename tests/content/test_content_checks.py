"""Check kinds, matchers, targets and common fields: what they load to, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from module_bench import Workbench, only, spots

from labrunner.content.checks_model import (
    AbsentCheck,
    AnswerCheck,
    CanCheck,
    CellCheck,
    CheckSpec,
    CommandCheck,
    ConfirmCheck,
    CountCheck,
    DnsCheck,
    Endpoint,
    EventCheck,
    ExecCheck,
    FileCheck,
    GroupCheck,
    HttpCheck,
    JsonPathCheck,
    LogsCheck,
    Matcher,
    ReadyCheck,
    ResourceCheck,
    ScriptCheck,
    Share,
    Split,
    Target,
    TcpCheck,
    TlsOptions,
    WaitCheck,
)
from labrunner.content.loading import Loaded
from labrunner.content.requirements import Requirements

Load = Callable[[str], Loaded]


def spec(loaded: Loaded) -> CheckSpec:
    assert loaded.module is not None, [str(problem) for problem in loaded.problems]
    return loaded.module.checks["c"]


WEB = Target("Deployment", name="web")


@pytest.mark.parametrize(
    ("text", "assertion"),
    [
        ("{ready: deploy/web}", ReadyCheck(WEB)),
        ("{ready: Deployment/web}", ReadyCheck(WEB)),
        ("{ready: {kind: deployments, name: web}}", ReadyCheck(WEB)),
        (
            "{ready: {kind: Gateway, metadata: {name: g, namespace: n}}}",
            ReadyCheck(Target("Gateway", "", "g", "n")),
        ),
        (
            "{absent: {kind: Pod, labels: {app: web, tier: a}}}",
            AbsentCheck(Target("Pod", labels="app=web,tier=a")),
        ),
        (
            "{absent: {kind: Pod, selector: 'app in (a,b)'}}",
            AbsentCheck(Target("Pod", labels="app in (a,b)")),
        ),
        ("{absent: {kind: Pod, baseline: present}}", AbsentCheck(Target("Pod"), "present")),
        ("{wait: {on: deploy/web, for: condition=Available}}", WaitCheck(WEB, "condition=Available")),
        (
            "{jsonpath: {on: deploy/web, path: '{.spec.replicas}', ge: 3}}",
            JsonPathCheck(WEB, "{.spec.replicas}", Matcher("ge", 3)),
        ),
        (
            "{jsonpath: {on: deploy/web, path: .x, value: [a]}}",
            JsonPathCheck(WEB, ".x", Matcher("equals", ["a"])),
        ),
        (
            "{count: {kind: Pod, where: {status.phase: Running}, between: [1, 3]}}",
            CountCheck(
                Target("Pod", fields=(("status.phase", Matcher("equals", "Running")),)),
                Matcher("between", (1, 3)),
            ),
        ),
        ("{count: {kind: Pod, value: 0}}", CountCheck(Target("Pod"), Matcher("equals", 0))),
        (
            "{can: {as: alice, groups: [dev], verb: get, resource: pods/log, allowed: false}}",
            CanCheck("alice", "get", "pods/log", ("dev",), allowed=False),
        ),
        ("{command: kubectl get pods}", CommandCheck("kubectl get pods")),
        (
            "{command: {run: x, exit: {ge: 1}, stdout: {contains: a}, json: {a: {gt: 1}}}}",
            CommandCheck(
                "x",
                exit=Matcher("ge", 1),
                stdout=Matcher("contains", "a"),
                json=Matcher("equals", {"a": Matcher("gt", 1)}),
            ),
        ),
        ("{event: BackOff}", EventCheck(reason=Matcher("equals", "BackOff"))),
        (
            "{event: {on: deploy/web, reason: Scaled, type: Normal, contains: up, since: 5m, count: {ge: 2}}}",
            EventCheck(
                WEB, "Normal", Matcher("equals", "Scaled"), Matcher("contains", "up"), 300.0, Matcher("ge", 2)
            ),
        ),
        (
            "{event: {kind: Node, namespace: default, message: {matches: a}, since: step}}",
            EventCheck(
                Target("Node", namespace="default"),
                message=Matcher("matches", "a"),
                since="step",
                namespace="default",
            ),
        ),
        (
            "{logs: {on: deploy/web, container: app, since: 5m, tail: 9, previous: true, contains: x}}",
            LogsCheck(WEB, Matcher("contains", "x"), "app", 300.0, 9, True),
        ),
        (
            "{logs: {kind: Pod, labels: {a: b}, since: step, value: {not: {matches: x}}}}",
            LogsCheck(Target("Pod", labels="a=b"), Matcher("not", Matcher("matches", "x")), since="step"),
        ),
        (
            "{exec: {on: deploy/web, run: 'ls | wc -l', stdout: {contains: a}}}",
            ExecCheck(WEB, ("sh", "-c", "ls | wc -l"), stdout=Matcher("contains", "a")),
        ),
        (
            "{exec: {on: pod/x, run: [ls, '-l'], container: app, exit: {ge: 1}}}",
            ExecCheck(Target("Pod", name="x"), ("ls", "-l"), "app", Matcher("ge", 1)),
        ),
        ("{http: 'http://web/'}", HttpCheck("http://web/")),
        (
            "{http: {url: 'svc/web:http/cart', tls: {verify: false}, contains: tea, status: 200}}",
            HttpCheck(
                "/cart",
                Endpoint(Target("Service", name="web"), "http"),
                text=Matcher("contains", "tea"),
                status=Matcher("equals", 200),
                tls=TlsOptions(verify=False),
            ),
        ),
        (
            "{http: {url: 'http://web', from: deploy/web, by: 'header:x-version', "
            "ratio: {v1: 0.9, b: {share: 0.1, matches: c}}}}",
            HttpCheck(
                "http://web",
                source=WEB,
                repeat=200,
                split=Split(
                    "header:x-version",
                    (Share("v1", 0.9, Matcher("contains", "v1")), Share("b", 0.1, Matcher("matches", "c"))),
                ),
            ),
        ),
        (
            "{http: {url: 'http://a', method: POST, request-headers: {A: b}, request-body: c, "
            "headers: {D: e}, json: {f: 1}}}",
            HttpCheck(
                "http://a",
                method="POST",
                request_headers=(("A", "b"),),
                request_body="c",
                headers=(("D", Matcher("equals", "e")),),
                json=Matcher("equals", {"f": 1}),
            ),
        ),
        ("{tcp: 'db.example:5432'}", TcpCheck("db.example", 5432)),
        ("{tcp: {to: '[::1]:80', fails: refused}}", TcpCheck("::1", 80, fails="refused")),
        ("{tcp: {to: svc/web:80, from: deploy/web}}", TcpCheck("web", 80, WEB)),
        ("{dns: web.shop.svc}", DnsCheck("web.shop.svc")),
        (
            "{dns: {name: web, from: deploy/web, addresses: 10.0.0.1}}",
            DnsCheck("web", WEB, addresses=Matcher("equals", ["10.0.0.1"])),
        ),
        ("{file: a/b.yaml}", FileCheck("a/b.yaml")),
        ("{file: {path: k, mode: 0600}}", FileCheck("k", mode="0600")),
        (
            "{file: {path: k, contains: a, matches: b.*}}",
            FileCheck("k", text=Matcher("all", (Matcher("contains", "a"), Matcher("matches", "b.*")))),
        ),
        (
            "{file: {path: k, yaml: {spec: {replicas: 3}}}}",
            FileCheck("k", yaml=Matcher("equals", {"spec": {"replicas": 3}})),
        ),
        ("{cell: apply}", CellCheck("apply")),
        (
            "{cell: {id: apply, exit: 0, output: expected}}",
            CellCheck("apply", Matcher("equals", 0), "expected"),
        ),
        (
            "{answer: {prompt: 'Which?', accept: [no, 0644, /a+/]}}",
            AnswerCheck("Which?", ("no", "0644", "/a+/")),
        ),
        ("{answer: {prompt: 'Which?', command: date}}", AnswerCheck("Which?", (), "date")),
        ("{confirm: I saw the dashboard}", ConfirmCheck("I saw the dashboard")),
        ("{resource: deploy/web}", ResourceCheck(WEB, {})),
    ],
)
def test_kinds(check_of: Load, text: str, assertion: object) -> None:
    assert spec(check_of(text)).assertion == assertion


def test_resource_keeps_what_is_not_identity(check_of: Load) -> None:
    loaded = check_of(
        "{resource: {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, labels: {a: b}},"
        " spec: {replicas: {ge: 2}}}}"
    )
    assertion = spec(loaded).assertion
    assert isinstance(assertion, ResourceCheck)
    assert assertion.target == Target("Deployment", "apps/v1", "web")
    assert assertion.expected == {"metadata": {"labels": {"a": "b"}}, "spec": {"replicas": Matcher("ge", 2)}}


def test_resource_by_labels_with_a_quantifier(check_of: Load) -> None:
    loaded = check_of(
        "{resource: {kind: Pod, metadata: {labels: {a: b}}, quantifier: all, status: {phase: Running}}}"
    )
    assert spec(loaded).assertion == ResourceCheck(
        Target("Pod", labels="a=b"), {"status": {"phase": "Running"}}, "all"
    )


def test_field_called_matches_is_no_matcher(check_of: Load) -> None:
    assertion = spec(
        check_of("{resource: {kind: HTTPRoute, name: r, spec: {rules: [{matches: [{path: a}]}]}}}")
    ).assertion
    assert isinstance(assertion, ResourceCheck)
    assert assertion.expected == {"spec": {"rules": [{"matches": [{"path": "a"}]}]}}


def test_data_that_looks_like_a_matcher_goes_under_equals(check_of: Load) -> None:
    assertion = spec(check_of("{resource: {kind: Policy, name: p, spec: {equals: {any: [1]}}}}")).assertion
    assert isinstance(assertion, ResourceCheck)
    assert assertion.expected == {"spec": Matcher("equals", {"any": [1]})}


@pytest.mark.parametrize(
    ("text", "matcher"),
    [
        ("3", Matcher("equals", 3)),
        ("no", Matcher("equals", "no")),
        ("22:22", Matcher("equals", "22:22")),
        ("{not: {in: [1, 2]}}", Matcher("not", Matcher("in", (1, 2)))),
        ("{len: {ge: 2}}", Matcher("len", Matcher("ge", 2))),
        ("{ge: 1, lt: 500m}", Matcher("all", (Matcher("ge", 1), Matcher("lt", "500m")))),
        ("{any: [1, {ge: 3}]}", Matcher("any", (Matcher("equals", 1), Matcher("ge", 3)))),
        ("{semver: '>=1.24'}", Matcher("semver", ">=1.24")),
        ("{exists: false}", Matcher("exists", False)),
        ("{exactly: [a]}", Matcher("exactly", ["a"])),
        ("{matches: '^a$'}", Matcher("matches", "^a$")),
    ],
)
def test_matchers(check_of: Load, text: str, matcher: Matcher) -> None:
    assertion = spec(check_of(f"{{jsonpath: {{on: deploy/web, path: .x, value: {text}}}}}")).assertion
    assert assertion == JsonPathCheck(WEB, ".x", matcher)


@pytest.mark.parametrize(
    ("text", "rule", "remedy"),
    [
        ("{}", "empty-assertion", "add one of"),
        ("{title: x}", "empty-assertion", "add one of"),
        ("{reddy: deploy/x}", "unknown-key", "did you mean 'ready'?"),
        ("{ready: deploy/x, absent: deploy/y}", "two-kinds", "make two checks"),
        ("{ready: deploy}", "wrong-type", "deploy/web"),
        ("{ready: {kind: Pod}}", "missing-key", "add a name, labels or where"),
        ("{ready: {name: x}}", "missing-key", "add kind"),
        ("{resource: {kind: Pod}}", "empty-assertion", "name the object"),
        ("{resource: {kind: Pod, labels: {a: b}, quantifier: all}}", "empty-assertion", "name the object"),
        ("{resource: {metadata: {name: x}}}", "missing-key", "add kind"),
        ("{resource: {kind: Pod, quantifier: some, labels: {a: b}}}", "bad-value", "any"),
        ("{jsonpath: {on: deploy/x, path: .a}}", "empty-assertion", "equals: 3"),
        ("{jsonpath: {on: deploy/x, path: .a, value: 1, ge: 2}}", "mixed-matcher", "keep one"),
        ("{jsonpath: {on: deploy/x, path: .a, value: {ge: 1, foo: 2}}}", "mixed-matcher", "equals"),
        ("{jsonpath: {on: deploy/x, path: .a, between: [1]}}", "wrong-type", "between: [1, 5]"),
        ("{jsonpath: {on: deploy/x, path: .a, matches: '('}}", "bad-pattern", "Python"),
        ("{jsonpath: {on: deploy/x, path: .a, semver: new}}", "wrong-type", ">=1.24"),
        ("{jsonpath: {on: deploy/x, path: .a, all: []}}", "wrong-type", "any: [1"),
        ("{count: {kind: Pod}}", "empty-assertion", "how many"),
        ("{wait: {on: deploy/x, for: ever}}", "bad-value", "condition=Available"),
        ("{wait: {for: create}}", "missing-key", "add on"),
        ("{can: {verb: get, resource: pods}}", "missing-key", "add as"),
        ("{command: {exit: 0}}", "missing-key", "add run"),
        ("{file: /etc/passwd}", "escapes-workspace", "relative"),
        ("{file: {path: ../x}}", "escapes-workspace", "relative"),
        ("{file: {path: x, mode: rw}}", "wrong-type", "octal"),
        ("{file: {path: x, exists: false, contains: a}}", "contradiction", "drop exists"),
        ("{cell: aply}", "unresolved-cell", "did you mean 'apply'?"),
        ("{cell: {id: aply}}", "unresolved-cell", "did you mean 'apply'?"),
        ("{quiz: {questions: [q]}}", "unresolved-question", "define it"),
        ("{quiz: {questions: []}}", "empty-assertion", "list"),
        ("{answer: {prompt: a}}", "empty-assertion", "accept"),
        ("{all: []}", "empty-assertion", "list some checks"),
        ("{all: {ready: deploy/x}}", "wrong-type", "each dash"),
        ("{any: [{title: x}]}", "empty-assertion", "add one of"),
        ("{script: x.sh}", "unresolved-script", "files/"),
        ("{script: ../x.sh}", "escapes-pack", "inside the pack"),
        ("{script: /bin/true}", "escapes-pack", "inside the pack"),
        ("{script: {path: [a]}}", "wrong-type", "path of a script"),
        ("{script: {args: [a]}}", "missing-key", "add path"),
        ("{http: {url: x}}", "bad-value", "svc/web:80"),
        ("{http: file:///etc/passwd}", "bad-value", "http://host"),
        ("{http: cm/web:80}", "bad-value", "http://host"),
        ("{http: {method: GET}}", "missing-key", "add url"),
        ("{http: {url: 'http://a', method: get}}", "bad-value", "GET or POST"),
        ("{http: {url: 'http://a', from: cm/x}}", "bad-value", "deploy/web"),
        ("{http: {url: 'http://a', request-headers: {'a b': c}}}", "bad-value", "Name: value"),
        ('{http: {url: "http://a", request-headers: {a: "b\\r\\nc: d"}}}', "bad-value", "Name: value"),
        ("{http: {url: 'http://a', fails: any, status: 200}}", "contradiction", "drop fails"),
        ("{http: {url: 'http://a', fails: any, contains: x}}", "contradiction", "drop fails"),
        ("{http: {url: 'http://a', fails: slow}}", "bad-value", "refused"),
        ("{http: {url: 'http://a', container: x}}", "contradiction", "add from"),
        ("{http: {url: 'http://a', by: body}}", "contradiction", "add ratio"),
        ("{http: {url: 'http://a', by: cookie, ratio: {a: 1}}}", "bad-value", "header:x-version"),
        ("{http: {url: 'http://a', ratio: {a: 0.9, b: 0.2}}}", "bad-value", "make 1"),
        ("{http: {url: 'http://a', ratio: {a: 90}}}", "bad-value", "0 to 1"),
        ("{http: {url: 'http://a', ratio: {a: {contains: x}}}}", "missing-key", "add share"),
        ("{http: {url: 'http://a', ratio: {}}}", "wrong-type", "ratio: {v1"),
        ("{http: {url: 'http://a', repeat: 20, ratio: {a: 0.9, b: 0.1}}}", "contradiction", "or more"),
        ("{http: {url: 'http://a', repeat: 0}}", "bad-value", "from 1"),
        ("{http: {url: 'https://a', from: deploy/x, tls: {ca: ca.pem}}}", "contradiction", "exec"),
        ("{http: {url: 'https://a', tls: {ca: ../ca.pem}}}", "escapes-workspace", "relative"),
        ("{tcp: web}", "bad-value", "host:port"),
        ("{tcp: 'web:99999'}", "bad-value", "host:port"),
        ("{tcp: 'svc/web:80'}", "contradiction", "add from"),
        ("{tcp: {from: deploy/x}}", "missing-key", "add to"),
        ("{dns: 'a b'}", "bad-value", "web.shop.svc"),
        ("{dns: '-x'}", "bad-value", "web.shop.svc"),
        ("{dns: {name: a, addresses: []}}", "empty-assertion", "list some"),
        ("{logs: {on: deploy/web}}", "empty-assertion", "add contains"),
        ("{logs: {on: cm/web, contains: a}}", "bad-value", "deploy/web"),
        ("{logs: {kind: Pod, contains: a}}", "missing-key", "labels"),
        ("{logs: {kind: Deployment, labels: a=b, contains: a}}", "missing-key", "add a name"),
        ("{logs: {on: deploy/web, contains: a, tail: 0}}", "bad-value", "from 1"),
        ("{logs: {contains: a}}", "missing-key", "deploy/web"),
        ("{exec: {on: deploy/web}}", "missing-key", "add run"),
        ("{exec: {on: deploy/web, run: []}}", "wrong-type", "program"),
        ("{exec: {kind: Pod, name: a, namespace: '*', run: x}}", "bad-value", "namespace"),
        ("{exec: {on: deploy/web, rn: x, run: y}}", "unknown-key", "did you mean"),
        ("{event: {on: deploy/web}}", "empty-assertion", "add reason"),
        ("{event: {}}", "empty-assertion", "add reason"),
        ("{event: {reason: A, type: Bad}}", "bad-value", "Warning"),
        ("{event: {reason: A, since: yesterday}}", "wrong-type", "30s"),
        ("{event: {reason: A, message: b, contains: c}}", "mixed-matcher", "message:"),
        ("{event: {reason: {matches: '('}}}", "bad-pattern", "Python"),
        ("{event: {reson: A}}", "unknown-key", "did you mean 'reason'?"),
        ("{ready: deploy/x, severity: high}", "bad-value", "required"),
        ("{ready: deploy/x, eventually: -1}", "wrong-type", "30s"),
        ("{ready: deploy/x, when: cloud}", "unresolved-variant", "access=kind"),
        ("{ready: deploy/x, needs: {containers: running}}", "bad-value", "did you mean 'run'?"),
        ("{ready: deploy/x, when-failed: [{hint: x}]}", "missing-key", "add if"),
        ("{ready: deploy/x, collect: [{log: x}]}", "unknown-key", "did you mean 'logs'?"),
        ("{not: {}}", "empty-assertion", "add one of"),
        ("nothing", "wrong-type", "one kind"),
    ],
)
def test_mistakes(check_of: Load, text: str, rule: str, remedy: str) -> None:
    problem = only(check_of(text))
    assert problem.rule == rule
    assert remedy in problem.remedy
    assert problem.place.path.name == "lab.yaml"
    assert problem.place.line == 3
    assert problem.place.column >= 3


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("{absent: deploy/x}", 3),
        ("{none: [{ready: deploy/x}]}", 3),
        ("{not: true, ready: deploy/x}", 3),
        ("{not: {ready: deploy/x}}", 3),
        ("{resource: {kind: Pod, labels: {a: b}, quantifier: none}}", 3),
        ("{absent: deploy/x, consistently: 1s}", 1),
        ("{not: {absent: deploy/x}}", 0),
        ("{ready: deploy/x}", 0),
    ],
)
def test_negative_checks_must_hold_for_a_while(check_of: Load, text: str, seconds: float) -> None:
    assert spec(check_of(text)).consistently == seconds


def test_common_fields(check_of: Load) -> None:
    loaded = check_of(
        "{ready: deploy/x, title: T, needs: {containers: run}, eventually: 1m, consistently: 2, every: 250ms,"
        " timeout: 5s, mode: level, weight: 2, severity: bonus, message: M, hints: one, collect: {events: n},"
        " when-failed: {if: {absent: deploy/x}, hint: H}, objective: o}"
    )
    check = spec(loaded)
    times = (check.eventually, check.consistently, check.every, check.timeout)
    assert times == (60, 2, 0.25, 5)
    assert (check.title, check.mode, check.weight, check.severity, check.message) == (
        "T",
        "level",
        2,
        "bonus",
        "M",
    )
    assert (check.hints, check.collect, check.objective) == (("one",), ({"events": "n"},), "o")
    assert check.needs == Requirements(cluster=(("containers", "run"),))
    assert check.when_failed[0].hint == "H"


def test_forever_and_defaults(bench: Any) -> None:
    loaded = bench.load(
        "## One\n<!-- step: {checks: [a, b]} -->\n\nText.\n",
        "lab: 1\ndefaults: {eventually: 5s, every: 2s}\nchecks:\n"
        "  a: {ready: deploy/x, eventually: forever}\n  b: {ready: deploy/x}\n",
    )
    assert loaded.module is not None
    assert loaded.module.checks["a"].eventually is None
    assert (loaded.module.checks["b"].eventually, loaded.module.checks["b"].every) == (5, 2)


def test_groups_nest(check_of: Load) -> None:
    group = spec(
        check_of("{any: [{ready: deploy/x}, {all: [{absent: deploy/y}, {not: {ready: deploy/z}}]}]}")
    ).assertion
    assert isinstance(group, GroupCheck)
    inner = group.parts[1].assertion
    assert isinstance(inner, GroupCheck)
    assert [part.id for part in inner.parts] == ["c/2/1", "c/2/2"]
    assert inner.parts[1].negate


def test_problems_stand_where_the_value_does(check_of: Load) -> None:
    assert spots(check_of("{ready: deploy/x, weight: -1}")) == [("lab.yaml", 3, 32, "bad-value")]


BODY = "## One\n<!-- step: {checks: [c]} -->\n\nText.\n"


def script_of(bench: Workbench, text: str) -> Loaded:
    return bench.load(BODY, f"lab: 1\nchecks:\n  c: {text}\n")


def test_a_script_is_found_in_the_module_and_in_the_pack(bench: Workbench) -> None:
    near = bench.write("modules/lab/files/verify.sh", "exit 0\n")
    far = bench.write("scripts/verify.sh", "exit 0\n")
    assert spec(script_of(bench, "{script: files/verify.sh}")).assertion == ScriptCheck(
        "files/verify.sh", near
    )
    assert spec(script_of(bench, "{script: {path: scripts/verify.sh, args: a}}")).assertion == ScriptCheck(
        "scripts/verify.sh", far, ("a",)
    )


def test_a_script_that_is_not_there_is_suggested(bench: Workbench) -> None:
    bench.write("modules/lab/files/verify.sh", "exit 0\n")
    problem = only(script_of(bench, "{script: files/verfy.sh}"))
    assert (problem.rule, problem.remedy) == ("unresolved-script", "did you mean 'files/verify.sh'?")


def test_a_script_behind_a_link_stays_in_the_pack(bench: Workbench, tmp_path: Path) -> None:
    (tmp_path / "outside.sh").write_text("exit 0\n")
    (bench.pack / "out.sh").symlink_to(tmp_path / "outside.sh")
    assert only(script_of(bench, "{script: out.sh}")).rule == "escapes-pack"


def test_a_changed_script_changes_the_digest(bench: Workbench) -> None:
    digests = set()
    for text in ("exit 0\n", "exit 1\n"):
        bench.write("scripts/verify.sh", text)
        loaded = script_of(bench, "{not: {all: [{script: scripts/verify.sh}]}}")
        assert loaded.module is not None
        digests.add(loaded.module.digest)
    assert len(digests) == 2


@pytest.mark.parametrize(
    ("text", "timeout", "consistently"),
    [
        ("{http: {url: 'http://a', repeat: 5}}", 60, 0),
        ("{http: {url: 'http://a', repeat: 5}, timeout: 3s}", 3, 0),
        ("{http: {url: 'http://a', fails: refused}}", 10, 3),
        ("{tcp: {to: 'a:1', fails: any}}", 10, 3),
        ("{not: {tcp: {to: 'a:1', fails: any}}}", 10, 0),
        ("{event: {reason: a, count: 0}}", 10, 3),
    ],
)
def test_times_of_network_checks(check_of: Load, text: str, timeout: float, consistently: float) -> None:
    check = spec(check_of(text))
    assert (check.timeout, check.consistently) == (timeout, consistently)
