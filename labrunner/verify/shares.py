"""Whether counted shares fit the wanted ones, or differ by more than chance explains.

The verdict is the exact two-sided binomial test (the outcomes no likelier than the one seen are summed), at 0.001
for all shares together (Bonferroni): a right split fails once in a thousand looks. The interval that is shown is
Wilson's at 95 %; it says how well the share is known, and does not decide.
"""

from __future__ import annotations

import math
from statistics import NormalDist

from labrunner.content.network_checks import SPLIT_SIGNIFICANCE

SIGNIFICANCE = SPLIT_SIGNIFICANCE
CONFIDENCE = 0.95


def interval(count: int, total: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval of a share."""
    if total == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = count / total, z * z / total
    middle = (share + weight / 2) / (1 + weight)
    spread = z / (1 + weight) * math.sqrt(share * (1 - share) / total + weight / (4 * total))
    return max(0.0, min(share, middle - spread)), min(1.0, max(share, middle + spread))


def chance(count: int, total: int, share: float) -> float:
    """How likely a count at least as unlikely is, when the true share is `share` (two-sided, exact)."""
    if share <= 0.0 or share >= 1.0:
        return 1.0 if count == (total if share >= 1.0 else 0) else 0.0
    logs = [_log_likelihood(k, total, share) for k in range(total + 1)]
    seen = logs[count] + 1e-9
    return min(1.0, math.fsum(math.exp(one) for one in logs if one <= seen))


def _log_likelihood(count: int, total: int, share: float) -> float:
    ways = math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
    return ways + count * math.log(share) + (total - count) * math.log1p(-share)


def fits(count: int, total: int, share: float, among: int = 1) -> bool:
    """Whether chance explains the count, when `among` shares are judged together."""
    return chance(count, total, share) >= SIGNIFICANCE / among


def counted(label: str, count: int, total: int, share: float | None) -> str:
    """`v1 182 of 200 (91 %, 95 % interval 86–94 %), wanted 90 %`."""
    low, high = interval(count, total)
    part = f"{label} {count} of {total} ({percent(count / total if total else 0.0)} %, "
    part += f"{percent(CONFIDENCE)} % interval {percent(low)}–{percent(high)} %)"
    return part if share is None else f"{part}, wanted {percent(share)} %"


def percent(share: float) -> str:
    """Whole percent, with one decimal below 1 % and above 99 %."""
    value = share * 100
    near_an_end = 0 < value < 1 or 99 < value < 100
    return f"{value:.1f}" if near_an_end else f"{value:.0f}"
