"""Everything measured in one load call: frozen, and enough to judge and to report from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pytest_asyncbench.measure.counts import Counts
from pytest_asyncbench.measure.provenance import Provenance
from pytest_asyncbench.measure.slot import Datum, Slot
from pytest_asyncbench.measure.voids import unrest
from pytest_asyncbench.servers.spec import ServerSpec
from pytest_asyncbench.traffic.load_plan import LoadPlan


@dataclass(frozen=True, slots=True)
class Evidence:
    """The measured rounds of one load call, each a slot of every variant in the order in which they ran.

    `merged` rounds make one datum. `complaints` say in words what broke the measurement; with any of them every
    verdict is INVALID. `notes` are worth knowing and break nothing. `ok_before` are the ok answers per variant
    outside of the measured rounds (warm-up, dropped round). `cap` is the number of data at which the rule ends.
    `startups` are the seconds that each server took to answer. `surroundings` are what the figures also depend on, in
    words; `cleared` the environment variables that pytest had and the servers did not get. `counts` were counted
    exactly, by variant, on `bursts`, which are no rounds; `alone` is the latency of a request that was the only one,
    in seconds. `voided` are the reasons of the rounds that do not count, and `disturbed` those rounds. `confirming`
    are the rounds of fresh launches on which verdicts were confirmed. `references` are variants of
    another revision: measured with the others, and held to nothing that the test states. `provenance` is how
    the servers were launched, and with which PostgreSQL. `refused` are the reasons for which the variants cannot be
    compared, each with what was seen; they are in `complaints`, too.
    """

    plan: LoadPlan
    specs: Mapping[str, ServerSpec]
    rounds: tuple[tuple[Slot, ...], ...]
    seed: int
    cap: int
    merged: int = 1
    complaints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    ok_before: Mapping[str, int] | None = None
    seconds: float = 0.0
    startups: Mapping[str, float] | None = None
    surroundings: tuple[str, ...] = ()
    counts: Mapping[str, Counts] = field(default_factory=dict)
    bursts: tuple[Slot, ...] = ()
    alone: Mapping[str, float] = field(default_factory=dict)
    cleared: tuple[str, ...] = ()
    voided: tuple[str, ...] = ()
    disturbed: tuple[tuple[Slot, ...], ...] = ()
    confirming: Evidence | None = None
    references: tuple[str, ...] = ()
    provenance: Provenance | None = None
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def own(self) -> tuple[str, ...]:
        """Names of the test's own variants, without those that it is compared with."""
        return tuple(name for name in self.specs if name not in self.references)

    @property
    def variants(self) -> tuple[str, ...]:
        """Names of the variants, in the order in which the test gives them."""
        return tuple(self.specs)

    def slots(self, variant: str) -> Datum:
        """All measured slots of one variant."""
        return tuple(slot for rounds in self.rounds for slot in rounds if slot.variant == variant)

    def everything(self, variant: str) -> Datum:
        """The measured slots of one variant; its burst, where there are none: a count can be read from that, too."""
        return self.slots(variant) or tuple(slot for slot in self.bursts if slot.variant == variant)

    def watched(self, variant: str) -> Datum:
        """The measured slots of one variant; where no round counts, those that do not: they show why."""
        disturbed = tuple(slot for rounds in self.disturbed for slot in rounds if slot.variant == variant)
        return self.slots(variant) or disturbed

    def data(self, variant: str) -> tuple[Datum, ...]:
        """The data of one variant: whole consecutive rounds, `merged` at a time; an incomplete last one is left out."""
        slots = self.slots(variant)
        whole = len(slots) - len(slots) % self.merged
        return tuple(slots[start : start + self.merged] for start in range(0, whole, self.merged))

    @property
    def caution(self) -> str:
        """Why what was sampled cannot be believed, in words; empty if it can."""
        slots = [slot for rounds in self.rounds for slot in rounds if slot.samples.cautions]
        total = sum(len(rounds) for rounds in self.rounds)
        return (
            f"{slots[0].variant}: {slots[0].samples.cautions[0]} ({len(slots)} of {total} slots)"
            if slots
            else ""
        )

    @property
    def unrest(self) -> str:
        """Why the machine was too restless for anything sampled to be decided, in words; empty if it was not."""
        return unrest(self.voided, len(self.rounds))

    def ok(self, variant: str) -> int:
        """Every ok answer of one variant in this load call, all phases, the warm-up and fresh launches included."""
        measured = sum(slot.samples.ok_total for slot in self.slots(variant))
        confirmed = self.confirming.ok(variant) if self.confirming else 0
        return (self.ok_before or {}).get(variant, 0) + measured + confirmed

    def round_trips(self, variant: str) -> tuple[float, ...]:
        """The network's round trips between each agent and one variant, in seconds; () without a network."""
        found = [slot.samples.round_trips for slot in self.everything(variant)]
        return max(found, key=len, default=())
