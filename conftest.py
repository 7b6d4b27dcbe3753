"""Shared by tests and examples."""

pytest_plugins = ["pytester"]
