"""The functions and operators that expressions of the API server may use, with the types they take.

Source: the specification of CEL and the documentation of CEL in Kubernetes (v1.36). A line holds a name and its
overloads: ``receiver.(arguments) result`` for methods, ``(arguments) result`` for functions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from labrunner.sim.crd.cel.types import DURATION, NULL, TIMESTAMP, Type


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function; *receiver* is None for plain functions."""

    receiver: Type | None
    args: tuple[Type, ...]
    result: Type


_TABLE: Final = """
_==_ | (A, A) bool
_!=_ | (A, A) bool
_<_ | <ordered>
_<=_ | <ordered>
_>_ | <ordered>
_>=_ | <ordered>
_&&_ | (bool, bool) bool
_||_ | (bool, bool) bool
!_ | (bool) bool
-_ | (int) int; (double) double
_?_:_ | (bool, A, A) A
@in | (A, list(A)) bool; (A, map(A, B)) bool
_[_] | (list(A), int) A; (map(A, B), A) B; (opt(list(A)), int) opt(A); (opt(map(A, B)), A) opt(B)
_[?_] | (list(A), int) opt(A); (map(A, B), A) opt(B); (opt(list(A)), int) opt(A); (opt(map(A, B)), A) opt(B)
_+_ | (bytes, bytes) bytes; (double, double) double; (dur, dur) dur; (dur, ts) ts; (ts, dur) ts; (int, int) int; \
(list(A), list(A)) list(A); (string, string) string; (uint, uint) uint
_-_ | (double, double) double; (dur, dur) dur; (int, int) int; (ts, dur) ts; (ts, ts) dur; (uint, uint) uint
_*_ | (double, double) double; (int, int) int; (uint, uint) uint
_/_ | (double, double) double; (int, int) int; (uint, uint) uint
_%_ | (int, int) int; (uint, uint) uint
size | (string) int; (bytes) int; (list(A)) int; (map(A, B)) int; string.() int; bytes.() int; list(A).() int; \
map(A, B).() int
type | (A) type(A)
dyn | (A) dyn
bool | (bool) bool; (string) bool
bytes | (bytes) bytes; (string) bytes
double | (double) double; (int) double; (string) double; (uint) double
duration | (dur) dur; (int) dur; (string) dur
int | (int) int; (double) int; (dur) int; (string) int; (ts) int; (uint) int
string | (string) string; (bool) string; (bytes) string; (double) string; (dur) string; (int) string; (ts) string; \
(uint) string; (net.IP) string; (net.CIDR) string
timestamp | (ts) ts; (int) ts; (string) ts
uint | (uint) uint; (double) uint; (int) uint; (string) uint
matches | (string, string) bool; string.(string) bool
contains | string.(string) bool
endsWith | string.(string) bool
startsWith | string.(string) bool
getFullYear | <part>
getMonth | <part>
getDayOfYear | <part>
getDayOfMonth | <part>
getDate | <part>
getDayOfWeek | <part>
getHours | <part>; dur.() int
getMinutes | <part>; dur.() int
getSeconds | <part>; dur.() int
getMilliseconds | <part>; dur.() int
charAt | string.(int) string
indexOf | string.(string) int; string.(string, int) int; list(A).(A) int
lastIndexOf | string.(string) int; string.(string, int) int; list(A).(A) int
join | list(string).() string; list(string).(string) string
lowerAscii | string.() string
upperAscii | string.() string
trim | string.() string
replace | string.(string, string) string; string.(string, string, int) string
split | string.(string) list(string); string.(string, int) list(string)
substring | string.(int) string; string.(int, int) string
format | string.(list(dyn)) string
strings.quote | (string) string
sets.contains | (list(A), list(A)) bool
sets.intersects | (list(A), list(A)) bool
sets.equivalent | (list(A), list(A)) bool
optional.of | (A) opt(A)
optional.ofNonZeroValue | (A) opt(A)
optional.none | () opt(A)
optional.unwrap | (list(opt(A))) list(A)
unwrapOpt | list(opt(A)).() list(A)
hasValue | opt(A).() bool
value | opt(A).() A
or | opt(A).(opt(A)) opt(A)
orValue | opt(A).(A) A
first | list(A).() opt(A)
last | list(A).() opt(A)
isSorted | <sortable> bool
min | <least>
max | <least>
sum | list(int).() int; list(uint).() uint; list(double).() double; list(dur).() dur
find | string.(string) string
findAll | string.(string) list(string); string.(string, int) list(string)
url | (string) URL
isURL | (string) bool
getScheme | URL.() string
getHost | URL.() string
getHostname | URL.() string
getPort | URL.() string
getEscapedPath | URL.() string
getQuery | URL.() map(string, list(string))
ip | (string) net.IP; net.CIDR.() net.IP
isIP | (string) bool
ip.isCanonical | (string) bool
family | net.IP.() int
isUnspecified | net.IP.() bool
isLoopback | net.IP.() bool
isLinkLocalMulticast | net.IP.() bool
isLinkLocalUnicast | net.IP.() bool
isGlobalUnicast | net.IP.() bool
cidr | (string) net.CIDR
isCIDR | (string) bool
containsIP | net.CIDR.(string) bool; net.CIDR.(net.IP) bool
containsCIDR | net.CIDR.(string) bool; net.CIDR.(net.CIDR) bool
prefixLength | net.CIDR.() int
masked | net.CIDR.() net.CIDR
quantity | (string) Quantity
isQuantity | (string) bool
sign | Quantity.() int
isInteger | Quantity.() bool
asInteger | Quantity.() int
asApproximateFloat | Quantity.() double
add | Quantity.(Quantity) Quantity; Quantity.(int) Quantity
sub | Quantity.(Quantity) Quantity; Quantity.(int) Quantity
isGreaterThan | Quantity.(Quantity) bool; Semver.(Semver) bool
isLessThan | Quantity.(Quantity) bool; Semver.(Semver) bool
compareTo | Quantity.(Quantity) int; Semver.(Semver) int
semver | (string) Semver; (string, bool) Semver
isSemver | (string) bool; (string, bool) bool
major | Semver.() int
minor | Semver.() int
patch | Semver.() int
format.named | (string) opt(NamedFormat)
validate | NamedFormat.(string) opt(list(string))
format.dns1123Label | () NamedFormat
format.dns1123Subdomain | () NamedFormat
format.dns1035Label | () NamedFormat
format.qualifiedName | () NamedFormat
format.dns1123LabelPrefix | () NamedFormat
format.dns1123SubdomainPrefix | () NamedFormat
format.dns1035LabelPrefix | () NamedFormat
format.labelValue | () NamedFormat
format.uri | () NamedFormat
format.uuid | () NamedFormat
format.byte | () NamedFormat
format.date | () NamedFormat
format.datetime | () NamedFormat
path | Authorizer.(string) PathCheck
group | Authorizer.(string) GroupCheck
serviceAccount | Authorizer.(string, string) Authorizer
resource | GroupCheck.(string) ResourceCheck
subresource | ResourceCheck.(string) ResourceCheck
namespace | ResourceCheck.(string) ResourceCheck
name | ResourceCheck.(string) ResourceCheck
fieldSelector | ResourceCheck.(string) ResourceCheck
labelSelector | ResourceCheck.(string) ResourceCheck
check | PathCheck.(string) Decision; ResourceCheck.(string) Decision
allowed | Decision.() bool
reason | Decision.() string
errored | Decision.() bool
error | Decision.() string
jsonpatch.escapeKey | (string) string
"""
_AUTHORIZATION: Final = "kubernetes.authorization."
_NAMES: Final = {
    "ts": TIMESTAMP.name, "dur": DURATION.name, "null": NULL.name, "opt": "optional_type", "A": "$A", "B": "$B",
    "URL": "kubernetes.URL", "Quantity": "kubernetes.Quantity", "Semver": "kubernetes.Semver",
    "NamedFormat": "kubernetes.NamedFormat",
    **{name: _AUTHORIZATION + name for name in ("Authorizer", "PathCheck", "GroupCheck", "ResourceCheck", "Decision")},
}  # fmt: skip
_COMPARABLE: Final = ("bool", "int", "uint", "double", "string", "bytes", "ts", "dur")
_NUMBERS: Final = ("int", "uint", "double")
_GROUPS: Final = {
    "<ordered>": "; ".join(
        [f"({t}, {t}) bool" for t in _COMPARABLE]
        + [f"({a}, {b}) bool" for a in _NUMBERS for b in _NUMBERS if a != b]
    ),
    "<part>": "ts.() int; ts.(string) int",
    "<sortable> bool": "; ".join(f"list({t}).() bool" for t in _COMPARABLE),
    "<least>": "; ".join(f"list({t}).() {t}" for t in _COMPARABLE),
}
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z]\w*)*")
#: Functions that only expressions of mutating policies have.
MUTATION_ONLY: Final = frozenset(("jsonpatch.escapeKey",))


@lru_cache(maxsize=1)
def overloads() -> dict[str, tuple[Overload, ...]]:
    """All overloads by the name of their function."""
    found: dict[str, tuple[Overload, ...]] = {}
    for line in _TABLE.strip().splitlines():
        name, _, rest = line.partition(" | ")
        for group, text in _GROUPS.items():
            rest = rest.replace(group, text)
        found[name] = tuple(_overload(part) for part in rest.split("; "))
    return found


@lru_cache(maxsize=1)
def namespaces() -> frozenset[str]:
    """The words before the dot of functions such as ``sets.contains``."""
    return frozenset(name.partition(".")[0] for name in overloads() if "." in name)


def _overload(text: str) -> Overload:
    receiver: Type | None = None
    at = 0
    if not text.startswith("("):
        receiver, at = _type(text, 0)
        at += 1
    args: list[Type] = []
    at += 1
    while text[at] != ")":
        arg, at = _type(text, at)
        args.append(arg)
        at += 2 if text.startswith(", ", at) else 0
    result, _ = _type(text, at + 2)
    return Overload(receiver, tuple(args), result)


def _type(text: str, at: int) -> tuple[Type, int]:
    word = _WORD.match(text, at)
    assert word is not None, text
    name, at = word[0], word.end()
    params: list[Type] = []
    if text[at : at + 1] == "(" and text[at - 1] != ".":
        at += 1
        while text[at] != ")":
            param, at = _type(text, at)
            params.append(param)
            at += 2 if text.startswith(", ", at) else 0
        at += 1
    return Type(_NAMES.get(name, name), tuple(params)), at
