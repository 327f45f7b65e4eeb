"""Reading checks of the network: http, tcp and dns, from the learner's machine or from a pod."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from labrunner.content import nodes
from labrunner.content.checks_model import (
    FAILURES,
    MATCHERS,
    DnsCheck,
    Endpoint,
    HttpCheck,
    Matcher,
    Share,
    Split,
    Target,
    TcpCheck,
    TlsOptions,
)
from labrunner.content.fields import (
    ANY,
    BOOLEAN,
    INVALID,
    TEXT,
    Choice,
    Field,
    MapOf,
    Number,
    Parsed,
    Record,
    complete,
    wrong_type,
)
from labrunner.content.findings import Findings
from labrunner.content.local_checks import MATCHER
from labrunner.content.matchers import empty_assertion, inline_matcher, matcher_of
from labrunner.content.nodes import Node
from labrunner.content.pod_checks import POD_OWNERS, PODS
from labrunner.content.targets import kind_name
from labrunner.content.workspace_paths import WORKSPACE_PATH

SPLIT_REPEAT = 200
"""Requests that measure a split when an author does not say: they tell 90/10 from 75/25 nearly always."""

SPLIT_TIMEOUT = 60.0
"""Seconds that one look may take when it sends many requests and the author sets no timeout."""

SPLIT_SIGNIFICANCE = 0.001
"""How seldom a right split may be called a wrong one, per look."""

MOST_REQUESTS = 2000

_INSIDE = re.compile(
    r"([A-Za-z]+)/([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?):([0-9]{1,5}|[a-z][a-z0-9-]{0,14})(/.*)?"
)
_ADDRESS = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:/\[\]]+):([0-9]{1,5})")
_METHOD = re.compile(r"[A-Z]{1,20}")
_BY = re.compile(r"body|header:[A-Za-z0-9-]+|json:\S.*")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MATCHER_WORDS = {word: Field(ANY, "see the matcher vocabulary") for word in MATCHERS}


def _url(node: Node, findings: Findings) -> Any:
    """A URL as (text, None), or `svc/web:80/path` as (path, Endpoint)."""
    text = TEXT.read(node, findings)
    if text is INVALID:
        return INVALID
    inside = _INSIDE.fullmatch(text)
    if inside and kind_name(inside[1]) in POD_OWNERS:
        return inside[4] or "/", Endpoint(Target(kind_name(inside[1]), name=inside[2]), inside[3])
    remedy = "write http://host/path, https://host/path or svc/web:80/path"
    try:
        split = urlsplit(text)
        if split.scheme in ("http", "https") and split.netloc and not re.search(r"[\s\0]", text):
            return text, None
    except ValueError:
        pass
    findings.error(node.place, "bad-value", f"'{text[:60]}' is no address that http can ask", remedy)
    return INVALID


def _share(node: Node, findings: Findings) -> Any:
    """A number, or {share: 0.9, contains: v1}, as (share, Matcher or None)."""
    if isinstance(node, nodes.Mapping):
        values = _SHARE.read(node, findings)
        words = {key: entry for key, entry in node.entries.items() if key in MATCHERS}
        matcher = matcher_of(words, findings) if words else None
        return (
            INVALID if not complete(values, ("share",)) or matcher is INVALID else (values["share"], matcher)
        )
    share = _FRACTION.read(node, findings)
    return INVALID if share is INVALID else (share, None)


def _ratio(node: Node, findings: Findings) -> Any:
    """Shares by label; together they are one, or less when other answers are allowed."""
    read = MapOf(Parsed("a share", _share)).read(node, findings)
    if read is INVALID:
        return INVALID
    shares = tuple(
        Share(label, float(share), matcher or Matcher("contains", label))
        for label, (share, matcher) in read.items()
    )
    total = sum(one.share for one in shares)
    if not shares:
        if isinstance(node, nodes.Mapping) and node.entries:
            return INVALID  # each of them is reported
        return wrong_type(node, "a map of shares", findings, "write ratio: {v1: 0.9, v2: 0.1}")
    if total > 1.0001:
        message = f"the shares make {total:g} together, which is more than all"
        findings.error(node.place, "bad-value", message, "write shares from 0 to 1 that make 1 together")
        return INVALID
    return shares


_FRACTION = Number("a share from 0 to 1", minimum=0, maximum=1)
_SHARE = Record("a share", {"share": Field(_FRACTION, "from 0 to 1", required=True), **_MATCHER_WORDS})
TLS = Record(
    "tls",
    {
        "verify": Field(BOOLEAN, "false takes any certificate"),
        "ca": Field(WORKSPACE_PATH, "a file of the workspace with the authorities to trust"),
        "server-name": Field(TEXT, "the name to ask for and to find in the certificate"),
    },
)


def _tls(node: Node, findings: Findings) -> Any:
    values = TLS.read(node, findings)
    if values is INVALID:
        return INVALID
    return TlsOptions(values.get("verify", True), values.get("ca"), values.get("server-name"))


_FROM = {
    "from": Field(PODS, "a pod to ask from, such as deploy/client; the learner's machine when left out"),
    "container": Field(TEXT, "in which container of that pod"),
}
_FAILS = Field(
    Choice(FAILURES),
    "it must fail, in this way: no answer in time, refused, name not known, broken TLS, cut off, or any",
)
HTTP = Record(
    "http",
    {
        "url": Field(
            Parsed("a URL, or svc/web:80/path", _url),
            "what to ask; svc/web:80 from the learner's machine goes through a port-forward, which always reaches one pod",
            required=True,
        ),
        **_FROM,
        "method": Field(
            Parsed("an HTTP method", lambda node, findings: _method(node, findings)),
            "GET when left out",
        ),
        "request-headers": Field(MapOf(TEXT), "headers to send, by name"),
        "request-body": Field(TEXT, "what to send"),
        "status": Field(MATCHER, "a matcher on the status code; 200 to 299 when left out"),
        "headers": Field(MapOf(MATCHER), "matchers on the answer's headers, by name"),
        "body": Field(
            ANY, "a matcher on the answer's text, when its words do not stand beside the other keys"
        ),
        "json": Field(MATCHER, "a matcher on the answer read as JSON"),
        "fails": _FAILS,
        "tls": Field(
            Parsed("a map of TLS options", _tls), "how certificates are looked at; makes svc/… https"
        ),
        "repeat": Field(
            Number("a number of requests", whole=True, minimum=1, maximum=MOST_REQUESTS),
            f"how many requests, each over a connection of its own; 1 when left out, {SPLIT_REPEAT} with ratio",
        ),
        "ratio": Field(
            Parsed("a map of shares", _ratio),
            "which shares of the answers there must be, such as {v1: 0.9, v2: 0.1}; an answer belongs to the first label "
            "it contains, or whose {share: 0.9, matches: …} accepts it. It fails only for counts that a right split "
            "gives less than once in a thousand looks",
        ),
        "by": Field(
            Parsed("body, header:NAME or json:PATH", lambda node, findings: _by(node, findings)),
            "what tells the answers of a ratio apart: body, header:x-version or json:.version",
        ),
        **_MATCHER_WORDS,
    },
)


def _method(node: Node, findings: Findings) -> Any:
    text = TEXT.read(node, findings)
    if text is INVALID or _METHOD.fullmatch(text):
        return text
    findings.error(node.place, "bad-value", f"'{text[:30]}' is no HTTP method", "write it like GET or POST")
    return INVALID


def _by(node: Node, findings: Findings) -> Any:
    text = TEXT.read(node, findings)
    if text is INVALID or _BY.fullmatch(text):
        return text
    remedy = "write body, header:x-version or json:.version"
    findings.error(node.place, "bad-value", f"'{text[:60]}' is no part of an answer", remedy)
    return INVALID


def read_http(node: Node, findings: Findings) -> Any:
    """An HttpCheck; a plain text is the URL, which must answer with a status from 200 to 299."""
    if isinstance(node, nodes.Scalar):
        found = _url(node, findings)
        return INVALID if found is INVALID else HttpCheck(found[0], found[1])
    values = HTTP.read(node, findings)
    if not complete(values, ("url",)) or not isinstance(node, nodes.Mapping):
        return INVALID
    text = inline_matcher(node, findings, value_key="body")
    sent = _sent_headers(values.get("request-headers", {}), node, findings)
    if INVALID in (text, sent) or _contradicts(values, text, node, findings):
        return INVALID
    shares = values.get("ratio")
    return HttpCheck(
        url=values["url"][0],
        endpoint=values["url"][1],
        source=values.get("from"),
        container=values.get("container"),
        method=values.get("method", "GET"),
        request_headers=sent,
        request_body=values.get("request-body"),
        status=values.get("status"),
        headers=tuple(values.get("headers", {}).items()),
        text=text,
        json=values.get("json"),
        fails=values.get("fails"),
        tls=values.get("tls"),
        repeat=values.get("repeat", max(SPLIT_REPEAT, enough_requests(shares)) if shares else 1),
        split=Split(values.get("by", "body"), shares) if shares else None,
    )


def _sent_headers(headers: dict[str, str], node: nodes.Mapping, findings: Findings) -> Any:
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or re.search(r"[\r\n\0]", value):
            place = node.entries["request-headers"].value.place
            findings.error(
                place, "bad-value", f"'{name[:60]}' is no header that can be sent", "write Name: value"
            )
            return INVALID
    return tuple(headers.items())


def enough_requests(shares: Sequence[Share]) -> int:
    """How many it takes for a share that is all or nothing not to pass for any of the wanted ones by chance."""
    limit = SPLIT_SIGNIFICANCE / (8 * (len(shares) + 1))  # the test is two-sided, and corrected for its parts
    largest = max((max(one.share, 1 - one.share) for one in shares if 0 < one.share < 1), default=0.5)
    return min(MOST_REQUESTS, math.ceil(math.log(limit) / math.log(largest)))


def _contradicts(values: dict[str, Any], text: Any, node: nodes.Mapping, findings: Findings) -> bool:
    """Report keys that cannot stand together."""
    answered = [key for key in ("status", "headers", "json", "ratio") if key in values]
    tls = values.get("tls")
    place, message, remedy = node.place, "", ""
    if "fails" in values and (answered or text is not None):
        message = "a request that must fail has no answer to look at"
        remedy = f"drop fails, or {answered[0] if answered else 'what is wanted of the answer'}"
    elif "ratio" in values and values.get("repeat", MOST_REQUESTS) < enough_requests(values["ratio"]):
        place = node.entries["repeat"].value.place
        message = f"{values['repeat']} requests cannot tell these shares from none or all"
        remedy = f"send {enough_requests(values['ratio'])} or more"
    elif "by" in values and "ratio" not in values:
        place, message = node.entries["by"].place, "by tells the answers of a ratio apart, and there is none"
        remedy = "add ratio: {v1: 0.9, v2: 0.1}"
    elif "from" in values and tls is not None and (tls.ca or tls.server_name):
        message = "a pod has neither this machine's files nor its TLS options"
        remedy = "drop ca and server-name, or ask with exec: and the pod's own curl"
    elif "container" in values and "from" not in values:
        message, remedy = "container says where in a pod, and there is no pod", "add from: deploy/client"
    if message:
        findings.error(place, "contradiction", message, remedy)
    return bool(message)


TCP = Record(
    "tcp",
    {
        "to": Field(TEXT, "host:port, or svc/web:80 from a pod", required=True),
        **_FROM,
        "fails": _FAILS,
    },
)


def read_tcp(node: Node, findings: Findings) -> Any:
    """A TcpCheck; a plain text is the address, which must take a connection."""
    if isinstance(node, nodes.Scalar):
        node = nodes.Mapping({"to": nodes.Entry("to", node.place, node)}, node.place)
    values = TCP.read(node, findings)
    if not complete(values, ("to",)) or not isinstance(node, nodes.Mapping):
        return INVALID
    place, text = node.entries["to"].value.place, values["to"]
    own = {"source": values.get("from"), "container": values.get("container"), "fails": values.get("fails")}
    inside = _INSIDE.fullmatch(text)
    if inside and kind_name(inside[1]) == "Service" and inside[3].isdigit():
        if own["source"] is None:
            remedy = "add from: deploy/client, or use http:, which opens a port-forward"
            findings.error(place, "contradiction", "a service has no address outside of the cluster", remedy)
            return INVALID
        return TcpCheck(inside[2], int(inside[3]), **own)
    address = _ADDRESS.fullmatch(text)
    if not address or not 0 < int(address[2]) < 65536:
        findings.error(place, "bad-value", f"'{text[:60]}' is no address", "write host:port or svc/web:80")
        return INVALID
    return TcpCheck(address[1].strip("[]"), int(address[2]), **own)


DNS = Record(
    "dns",
    {
        "name": Field(TEXT, "the name that must be known", required=True),
        **_FROM,
        "addresses": Field(
            MATCHER, "a matcher on the list of its addresses; a plain address must be among them"
        ),
    },
)
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})")


def read_dns(node: Node, findings: Findings) -> Any:
    """A DnsCheck; a plain text is the name."""
    if isinstance(node, nodes.Scalar):
        node = nodes.Mapping({"name": nodes.Entry("name", node.place, node)}, node.place)
    values = DNS.read(node, findings)
    if not complete(values, ("name",)) or not isinstance(node, nodes.Mapping):
        return INVALID
    if not _NAME.fullmatch(values["name"]):
        place = node.entries["name"].value.place
        findings.error(
            place, "bad-value", f"'{values['name'][:60]}' is no host name", "write it like web.shop.svc"
        )
        return INVALID
    wanted = values.get("addresses")
    if wanted is not None and wanted.op == "equals" and not isinstance(wanted.operand, list):
        wanted = Matcher("equals", [wanted.operand])
    if wanted is not None and wanted == Matcher("equals", []):
        return empty_assertion(node, findings, "any addresses would do", "list some, or drop addresses")
    return DnsCheck(values["name"], values.get("from"), values.get("container"), wanted)
