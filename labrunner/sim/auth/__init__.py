"""Who is asking, and may they?"""

from __future__ import annotations

from labrunner.sim.auth.attributes import Attributes, Decision, refusal
from labrunner.sim.auth.authentication import Authenticator
from labrunner.sim.auth.bootstrap import bootstrap_objects
from labrunner.sim.auth.identity import ANONYMOUS, SYSTEM, User
from labrunner.sim.auth.rbac import Authorizer
from labrunner.sim.auth.signing_key import SigningKey
from labrunner.sim.auth.tokens import TokenIssuer

__all__ = [
    "ANONYMOUS",
    "SYSTEM",
    "Attributes",
    "Authenticator",
    "Authorizer",
    "Decision",
    "SigningKey",
    "TokenIssuer",
    "User",
    "bootstrap_objects",
    "refusal",
]
