"""Fixtures shared with tests/lab."""

from lab.homes import clean_environment, home, make_lab, user_home

__all__ = ["clean_environment", "home", "make_lab", "user_home"]
