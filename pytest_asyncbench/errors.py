"""Every error that this package raises on purpose.

A message says what happened, what was seen and what to do.
"""

from __future__ import annotations


class AsyncBenchError(Exception):
    """Root of all errors raised by pytest-asyncbench."""


class SpecError(AsyncBenchError, ValueError):
    """A server spec, a plan or a statement that cannot be meant: a word that a program does not have,
    a duration that is no time, zero users."""


class UnknownValue(AsyncBenchError):
    """A value was used that is unknown or refused; the message gives the reason."""


class ProcessError(AsyncBenchError):
    """A child process could not be started, or did not do what was waited for."""


class ProgramMissing(ProcessError):
    """A server program is not installed in the interpreter that is to run it."""


class ServerDied(ProcessError):
    """A server ended before it answered."""


class ServerNotReady(ProcessError):
    """A server did not answer within its start-up time."""


class PortInUse(ProcessError):
    """The port that a server was given belongs to another process."""


class PostgresError(AsyncBenchError):
    """PostgreSQL could not be found, started, loaded or cloned."""


class AgentLost(AsyncBenchError):
    """The load agent ended, or stopped answering, while it was needed."""


class ClusterError(AsyncBenchError):
    """The cluster that load agents are to run on cannot be used: not there, without workers, or with other versions."""


class RevisionError(AsyncBenchError):
    """There is no such git revision to compare with, no repository, or no git."""


class NotComparable(AsyncBenchError):
    """A variant cannot be run as it was in the revision that it is compared with; the message gives the reason."""


class Inconclusive(AsyncBenchError):
    """A comparison was used as true or false, and the evidence does not say which."""


class NotInSmoke(UnknownValue, Inconclusive):
    """A value was used that one request is not enough for: the body of a test ends there in a smoke run, and passes."""


class FailedExample(AsyncBenchError, AssertionError):
    """A load call inside `@given` broke what its test states; Hypothesis then looks for the simplest one that does."""


class MissingHypothesis(AsyncBenchError):
    """`load.slowest` was called, and Hypothesis is not installed."""
