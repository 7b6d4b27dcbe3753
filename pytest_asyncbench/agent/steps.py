"""What the agent writes down about the requests of flows, by their names."""

from __future__ import annotations

from array import array

from pytest_asyncbench.agent.ledger import CENSORED, named
from pytest_asyncbench.traffic.outcomes import OUTCOMES
from pytest_asyncbench.traffic.samples import ANSWERED, StepSamples

MOST_NAMES = 500
"""Names kept apart; paths with numbers in them would otherwise be names without end."""
OTHERS = "(other requests)"


class Step:
    """The requests of one name."""

    __slots__ = ("latency", "outcome", "sent", "totals")

    def __init__(self) -> None:
        self.sent = array("d")
        self.latency = array("d")
        self.outcome = bytearray()
        self.totals = [0] * len(OUTCOMES)

    def result(self, opened: float) -> StepSamples:
        """As the controller gets it."""
        sent = array("f", (sent - opened for sent in self.sent))
        return StepSamples(sent, self.latency, bytes(self.outcome), named(self.totals))


class Steps:
    """The requests of all flows of a slot."""

    __slots__ = ("by_name",)

    def __init__(self) -> None:
        self.by_name: dict[str, Step] = {}

    def of(self, name: str) -> Step:
        """The requests of that name."""
        step = self.by_name.get(name)
        if step is None:
            known = name if len(self.by_name) < MOST_NAMES else OTHERS
            step = self.by_name.setdefault(known, Step())
        return step

    def add(self, name: str, sent: float, ended: float, outcome: int, measured: bool) -> None:
        """Write down the end of a request; it is a sample if it was sent in `measure`."""
        step = self.of(name)
        step.totals[outcome] += 1
        if measured:
            self._sample(step, sent, ended, outcome)

    def censor(self, name: str, sent: float, now: float) -> None:
        """Write down a sample that is still unanswered; its end will only be counted."""
        self._sample(self.of(name), sent, now, CENSORED)

    def _sample(self, step: Step, sent: float, ended: float, outcome: int) -> None:
        step.sent.append(sent)
        step.latency.append(ended - sent)
        step.outcome.append(outcome)

    def total(self, outcome: int) -> int:
        """Requests of all names and phases with that outcome."""
        return sum(step.totals[outcome] for step in self.by_name.values())

    def answers(self) -> int:
        """Whole answers of all names and phases."""
        return sum(self.total(OUTCOMES.index(outcome)) for outcome in ANSWERED)

    def result(self, opened: float) -> dict[str, StepSamples]:
        """As the controller gets it, in the order in which the names first occurred; `opened` is when `measure` was."""
        return {name: step.result(opened) for name, step in self.by_name.items()}
