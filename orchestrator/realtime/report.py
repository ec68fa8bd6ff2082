"""Report: how well a paced run kept up with the clock."""

from typing import NamedTuple


class PacingReport(NamedTuple):
    """Pacing of a run; all durations are seconds of wall-clock time.

    An overrun is a macro step that ended after its deadline; `worst` is how late the latest one was. `late_p50`,
    `late_p99` and `late_p999` are percentiles over all macro steps of how long after its deadline a communication
    point was released, whether by an overrun or by a late wake-up; `late_most` is the largest. `load` is the part of
    the time spent stepping. `skipped` deadlines were dropped, by which the run fell `behind` the clock. `factor` is
    the real-time factor of the last one to two seconds: simulated over wall-clock time. `scheduling` tells what
    waited for the deadlines, and what the operating system granted it.
    """

    speed: float
    steps: int
    overruns: int
    worst: float
    late_p50: float
    late_p99: float
    late_p999: float
    load: float
    late_most: float
    skipped: int
    behind: float
    factor: float
    scheduling: str

    @property
    def overrun_rate(self) -> float:
        """Part of the macro steps that were late."""
        return self.overruns / self.steps if self.steps else 0.0

    def __str__(self) -> str:
        percentiles = (("p50", self.late_p50), ("p99", self.late_p99), ("p99.9", self.late_p999))
        late = ", ".join(f"{value * 1e6:.3g} us ({name})" for name, value in (*percentiles, ("most", self.late_most)))
        dropped = f", {self.skipped} deadlines dropped, {self.behind:.4g} s behind the clock" if self.skipped else ""
        return (
            f"{self.steps} macro steps at {self.speed:g} times real time, load {self.load:.1%}, lately "
            f"{self.factor:.4g} times: {self.overruns} overruns ({self.overrun_rate:.2%}), worst "
            f"{self.worst * 1e3:.3g} ms{dropped}; released late by {late}; {self.scheduling}"
        )
