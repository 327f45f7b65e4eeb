"""Tests of the terminal emulator and its widget."""
