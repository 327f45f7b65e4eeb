"""A store with the bootstrap roles and the service account ``lab/bob``, and what works on it."""

from __future__ import annotations

import pytest

from labrunner.sim.auth import Authenticator, Authorizer, SigningKey, TokenIssuer, bootstrap_objects
from labrunner.sim.auth.reviews import Reviewer
from labrunner.sim.clock import FakeClock
from labrunner.sim.store import Store
from tests.sim.access.grants import PEM


@pytest.fixture
def store() -> Store:
    made = Store()
    for gr, obj in bootstrap_objects():
        made.put(gr, obj)
    account = {"metadata": {"name": "bob", "namespace": "lab", "uid": "u-1"}}
    made.put("serviceaccounts", account)
    return made


@pytest.fixture
def authorizer(store: Store) -> Authorizer:
    return Authorizer(store)


@pytest.fixture
def issuer(store: Store, clock: FakeClock) -> TokenIssuer:
    return TokenIssuer(SigningKey(lambda: PEM), store.get, clock)


@pytest.fixture
def reviewer(authorizer: Authorizer, issuer: TokenIssuer, clock: FakeClock) -> Reviewer:
    return Reviewer(authorizer, Authenticator(issuer), clock)
