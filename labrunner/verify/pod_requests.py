"""HTTP, TCP and DNS from inside a pod, with the tools its image has: scripts for its sh, and what their output means.

Everything a script says stands between lines with a token of its own, so that no answer can be taken for a frame.
"""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Callable

from labrunner.verify.answers import Connected, HttpAnswer, NetworkFailure, Resolved
from labrunner.verify.commands import CommandResult
from labrunner.verify.http_requests import Request
from labrunner.verify.pods import Obstacle, PodTroubleError

OUTPUT_LIMIT = 4 * 1024 * 1024
"""Bytes kept of all answers together."""

_CURL = {
    6: "name", 7: "refused", 28: "timeout", 35: "tls", 51: "tls", 58: "tls", 60: "tls", 77: "tls", 83: "tls",
    16: "reset", 18: "reset", 52: "reset", 55: "reset", 56: "reset", 92: "reset", 97: "refused",
}  # fmt: skip
"""curl's exit codes for requests that failed; the others mean that it could not be asked."""

_SAID = (
    (
        "name",
        r"bad address|unable to resolve|could not resolve|not known|name does not resolve|can't resolve",
    ),
    ("refused", r"refused|no route|unreachable"),
    ("timeout", r"timed out|timeout"),
    ("reset", r"reset|closed|error getting response|eof"),
    ("tls", r"tls|ssl|certificate"),
)
_OUT_OF_TIME = (124, 143)
_HAS_TIMEOUT = 'limit=""; command -v timeout >/dev/null 2>&1 && limit="timeout {seconds}"\n'
_HTTP = """\
{has_timeout}if command -v curl >/dev/null 2>&1; then tool=curl
elif command -v wget >/dev/null 2>&1; then tool=wget; wget --version >/dev/null 2>&1 && tool=gnuwget
else echo {token} none; exit 0; fi
i=0
while [ $i -lt {count} ]; do
  printf '\\n{token} begin %s\\n' $tool
  {{ case $tool in
    curl) said=$({curl} 2>&1 1>&3);;
    gnuwget) said=$($limit {wget} -nv -t 1 --max-redirect=0 --content-on-error 2>&1 1>&3);;
    wget) said=$($limit {wget} -q 2>&1 1>&3);;
  esac; code=$?; }} 3>&1
  printf '\\n{token} end %s\\n%s\\n{token} done\\n' $code "$said"
  i=$((i+1))
done
"""
_TCP = """\
{has_timeout}if command -v nc >/dev/null 2>&1; then
  help=$(nc -h 2>&1; nc --help 2>&1)
  case $help in
    *-z*|*'zero-I/O'*) said=$($limit nc -z -w {seconds} {host} {port} 2>&1 </dev/null); code=$?;;
    *'-e PROG'*) said=$($limit nc -w {seconds} {host} {port} -e true 2>&1 </dev/null); code=$?;;
    *) code=none;;
  esac
else code=none; fi
if [ $code = none ] && command -v bash >/dev/null 2>&1; then
  said=$($limit bash -c 'exec 3<>/dev/tcp/$0/$1' {host} {port} 2>&1); code=$?
fi
if [ $code = none ] && command -v curl >/dev/null 2>&1; then
  said=$(curl -svm {seconds} telnet://{url_host}:{port} 2>&1 </dev/null); code=$?
  case $said in *'Connected to'*) code=0;; esac
fi
printf '{token} %s\\n%s\\n' $code "$said"
"""
_DNS = """\
if command -v getent >/dev/null 2>&1; then
  said=$(getent ahosts {name} 2>/dev/null || getent hosts {name}); printf '{token} getent %s\\n%s\\n' $? "$said"
elif command -v nslookup >/dev/null 2>&1; then
  said=$(nslookup {name} 2>&1); printf '{token} nslookup %s\\n%s\\n' $? "$said"
else echo {token} none 0; fi
"""


def new_token() -> str:
    """What frames of one look are marked with."""
    return f"labrunner-{secrets.token_hex(8)}"


def http_script(request: Request, count: int, seconds: int, token: str) -> str:
    """Sends `count` requests. Raises PodTroubleError for what neither curl nor wget can send."""
    headers = [f"{name}: {value}" for name, value in request.headers]
    curl = ["curl", "-sS", "-g", "--noproxy", "*", "--max-time", str(seconds)]
    curl += ["-I"] if request.method == "HEAD" else ["-i", "-X", request.method]
    curl += [part for header in headers for part in ("-H", header)]
    wget = ["wget", "-S", "-O", "-", *(f"--header={header}" for header in headers)]
    if request.body is not None:
        curl += ["--data-binary", request.body]
        wget += [f"--post-data={request.body}"]
    if not request.verify:
        curl.append("-k")
        wget.append("--no-check-certificate")
    wgets = request.method == ("GET" if request.body is None else "POST")
    return _HTTP.format(
        token=token,
        count=count,
        has_timeout=_HAS_TIMEOUT.format(seconds=seconds),
        curl=shlex.join([*curl, request.url]),
        wget=shlex.join([*wget, request.url] if wgets else ["sh", "-c", f"echo {token} method >&2; exit 1"]),
    )


def tcp_script(host: str, port: int, seconds: int, token: str) -> str:
    """Connects once."""
    return _TCP.format(
        token=token,
        has_timeout=_HAS_TIMEOUT.format(seconds=seconds + 1),
        seconds=seconds,
        host=shlex.quote(host),
        url_host=shlex.quote(f"[{host}]" if ":" in host else host),
        port=port,
    )


def dns_script(name: str, token: str) -> str:
    """Resolves once."""
    return _DNS.format(token=token, name=shlex.quote(name))


def _framed(result: CommandResult, what: str) -> str:
    """The script's output. Raises PodTroubleError when it did not run to its end."""
    if result.exit_code is None:
        no_shell = "the container has no sh to ask from" if "sh: executable file" in result.problem else ""
        raise PodTroubleError(Obstacle.BROKEN, no_shell or result.problem)
    if result.exit_code != 0:
        said = (result.stderr or result.stdout).strip()[-200:]
        raise PodTroubleError(Obstacle.BROKEN, f"{what} could not be asked from the pod: {said}")
    return result.stdout


def http_answers(result: CommandResult, count: int, token: str) -> tuple[HttpAnswer | NetworkFailure, ...]:
    """What each request gave. Raises PodTroubleError when they could not be sent."""
    text = _framed(result, "http")
    if f"{token} none\n" in text:
        reason = "the container has neither curl nor wget; ask from a pod that has one of them"
        raise PodTroubleError(Obstacle.BROKEN, reason)
    mark = re.escape(token)
    frames = re.findall(
        rf"\n{mark} begin (\w+)\n(.*?)\n{mark} end (\d+)\n(.*?)\n{mark} done\n", text, re.DOTALL
    )
    if len(frames) < count:
        reason = f"only {len(frames)} of {count} answers came back whole from the pod; they may be too long"
        raise PodTroubleError(Obstacle.BROKEN, reason)
    return tuple(_http_answer(tool, body, int(code), said, token) for tool, body, code, said in frames)


def _http_answer(tool: str, body: str, code: int, said: str, token: str) -> HttpAnswer | NetworkFailure:
    if f"{token} method" in said:
        reason = (
            "the container has only wget, which sends GET, and POST with a body; ask from a pod with curl"
        )
        raise PodTroubleError(Obstacle.BROKEN, reason)
    if tool == "curl":
        return _of_curl(body, code, said)
    answer = _head(said)
    if answer is not None:
        complete = code == 0 or tool == "gnuwget"
        return HttpAnswer(answer.status, answer.headers, body if complete else None)
    if code in _OUT_OF_TIME:
        return NetworkFailure("timeout", said.strip()[-200:])
    way = next((way for way, words in _SAID if re.search(words, said, re.IGNORECASE)), None)
    refused = re.search(r"server returned error: HTTP/\S+ (\d{3})", said)
    if refused:
        return HttpAnswer(int(refused[1]), (), None)
    if way is None:
        reason = f"wget in the pod exits with {code}: {said.strip()[-200:] or 'without a word'}"
        raise PodTroubleError(Obstacle.BROKEN, reason)
    return NetworkFailure(way, said.strip()[-200:])


def _of_curl(body: str, code: int, said: str) -> HttpAnswer | NetworkFailure:
    if code:
        way = _CURL.get(code)
        if way is None:
            reason = f"curl in the pod exits with {code}: {said.strip()[-200:]}"
            raise PodTroubleError(Obstacle.BROKEN, reason)
        late = code == 7 and re.search(r"timed out", said, re.IGNORECASE)
        return NetworkFailure("timeout" if late else way, said.strip()[-200:])
    head, rest = "HTTP/1.1 100", body
    while re.match(r"HTTP/\S+ 1\d\d", head):  # what precedes the answer: 100 Continue, 103 Early Hints
        head, _, rest = rest.replace("\r\n\r\n", "\n\n", 1).partition("\n\n")
    answer = _head(head)
    if answer is None:
        raise PodTroubleError(Obstacle.BROKEN, "what curl printed in the pod is no HTTP answer")
    return HttpAnswer(answer.status, answer.headers, rest)


def _head(text: str) -> HttpAnswer | None:
    """Status and headers of the last answer among lines."""
    answer: HttpAnswer | None = None
    for line in text.splitlines():
        status = re.match(r"\s*HTTP/\S+ (\d{3})\b", line)
        header = re.match(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s?(.*)", line)
        if status:
            answer = HttpAnswer(int(status[1]))
        elif header and answer is not None:
            answer = HttpAnswer(answer.status, (*answer.headers, (header[1].lower(), header[2].strip())))
    return answer


def tcp_answer(result: CommandResult, token: str) -> Connected | NetworkFailure:
    """Whether the connection was taken. Raises PodTroubleError when it could not be tried."""
    found = re.search(rf"{re.escape(token)} (\d{{1,3}}|none)\n(.*)", _framed(result, "tcp"), re.DOTALL)
    code, said = (found[1], found[2].strip()) if found else ("none", "")
    if code == "none":
        reason = "the container has no nc, bash or curl that can connect; ask from a pod that has one of them"
        raise PodTroubleError(Obstacle.BROKEN, reason)
    if code == "0":
        return Connected()
    if int(code) in _OUT_OF_TIME or code == "28":
        return NetworkFailure("timeout", said[-200:])
    if re.search(r"usage:|invalid option|unrecognized", said, re.IGNORECASE):
        raise PodTroubleError(Obstacle.BROKEN, f"nc in the pod cannot be used: {said[:200]}")
    way = next((way for way, words in _SAID if re.search(words, said, re.IGNORECASE)), None)
    return NetworkFailure(way or "refused", said[-200:])


def dns_answer(result: CommandResult, token: str) -> Resolved | NetworkFailure:
    """The addresses. Raises PodTroubleError when it could not be asked."""
    found = re.search(rf"{re.escape(token)} (\w+) (\d+)\n(.*)", _framed(result, "dns") + "\n", re.DOTALL)
    if not found or found[1] == "none":
        reason = "the container has neither getent nor nslookup; ask from a pod that has one of them"
        raise PodTroubleError(Obstacle.BROKEN, reason)
    said = found[3]
    read: Callable[[str], list[str]] = _of_getent if found[1] == "getent" else _of_nslookup
    addresses = tuple(sorted(set(read(said))))
    if addresses:
        return Resolved(addresses)
    silent = re.search(r"no servers could be reached|timed out|connection refused", said, re.IGNORECASE)
    return NetworkFailure("timeout" if silent else "name", said.strip()[-200:])


_ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)"


def _of_getent(text: str) -> list[str]:
    return re.findall(rf"^({_ADDRESS})\s", text, re.MULTILINE)


def _of_nslookup(text: str) -> list[str]:
    """The addresses below the first name; those above are the server's."""
    _, name, answers = text.partition("\nName:")
    return re.findall(rf"^Address(?: \d+)?:\s*({_ADDRESS})", answers, re.MULTILINE) if name else []
