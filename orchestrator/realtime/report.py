"""Report: how well a paced run kept up with the clock."""

from typing import NamedTuple


class PacingReport(NamedTuple):
    """Pacing of a run; all durations are seconds of wall-clock time.

    An overrun is a macro step that ended after its deadline; `worst` is how late the latest one was. `late_p50`,
    `late_p99` and `late_p999` are percentiles over all macro steps of how long after its deadline a communication
    point was released, whether by an overrun or by a late wake-up. `load` is the part of the time spent stepping.
    """

    speed: float
    steps: int
    overruns: int
    worst: float
    late_p50: float
    late_p99: float
    late_p999: float
    load: float

    @property
    def overrun_rate(self) -> float:
        """Part of the macro steps that were late."""
        return self.overruns / self.steps if self.steps else 0.0

    def __str__(self) -> str:
        late = ", ".join(
            f"{value * 1e6:.3g} us ({name})"
            for name, value in (("p50", self.late_p50), ("p99", self.late_p99), ("p99.9", self.late_p999))
        )
        return (
            f"{self.steps} macro steps at {self.speed:g} times real time, load {self.load:.1%}: "
            f"{self.overruns} overruns ({self.overrun_rate:.2%}), worst {self.worst * 1e3:.3g} ms; "
            f"released late by {late}"
        )
