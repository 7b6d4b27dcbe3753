"""Throwaway PostgreSQL: found, started, loaded once, cloned per test, gone afterwards."""

from pytest_asyncbench.postgres.cluster import Cluster
from pytest_asyncbench.postgres.database import Database, Template
from pytest_asyncbench.postgres.existing import adopt
from pytest_asyncbench.postgres.loading import LoadStep, validate_load
from pytest_asyncbench.postgres.provider import provide

__all__ = ["Cluster", "Database", "LoadStep", "Template", "adopt", "provide", "validate_load"]
