"""Widgets of labrunner's own."""
