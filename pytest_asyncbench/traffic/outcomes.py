"""How a request can end. The outcomes exclude each other, and each has someone to blame."""

from __future__ import annotations

OK = "ok"

SERVER_OUTCOMES = (
    "bad_status",
    "bad_body",
    "timeout",
    "connect_timeout",
    "refused",
    "reset",
    "protocol",
    "censored",
    "failed",
)
"""The server's fault: another status than expected, a body that `expect` refuses, no answer within the
timeout, no connection within the connect timeout, connection refused, connection ended before the answer was
complete, an answer that is not HTTP/1.1, unanswered when the slot ended, a flow that raised an exception of its own
or sent nothing (whoever is to blame: it did not do what the test says that a visit is)."""

PLAN_OUTCOMES = ("dropped",)
"""The plan's: an open-loop start that was skipped because `max_in_flight` was reached."""

GENERATOR_OUTCOMES = ("client_port", "client_fd", "client_lag")
"""The generator's: out of local ports, out of file descriptors, sent too late. Any of them makes a run INVALID."""

OUTCOMES = (OK, *SERVER_OUTCOMES, *PLAN_OUTCOMES, *GENERATOR_OUTCOMES)
"""All outcomes; recorded samples hold an index into this tuple (0 is ok)."""
