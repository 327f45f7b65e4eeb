"""Fixtures shared with tests/lab, and the program."""

import pytest
from lab.homes import clean_environment, home, make_lab, user_home

from .program import Program

__all__ = ["clean_environment", "home", "make_lab", "user_home"]


@pytest.fixture
def program(clean_environment, home) -> Program:
    return Program(clean_environment)
