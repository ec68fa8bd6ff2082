"""What a run cost and how its swaps went, as tables."""

import math
from collections.abc import Iterable, Sequence

from cotwin.tables import Table, number
from orchestrator.instance import Instance
from orchestrator.realtime.metering import Meter, MeterReading
from orchestrator.realtime.pacer import Pacer
from orchestrator.scenarios.points import unaltered
from orchestrator.swap import SwapInstance
from orchestrator.swap_report import Bump, SwapReport


def measured(instances: Iterable[Instance]) -> tuple[Table, ...]:
    """Costs of the metered instances, and what the swaps among them did."""
    instances = tuple(instances)
    costs = cost_table([instance.reading for instance in instances if isinstance(instance, Meter)])
    return (costs, *swaps_measured(instances))


def swaps_measured(instances: Iterable[Instance]) -> tuple[Table, ...]:
    """What the swaps among metered instances did."""
    inside = [unaltered(instance.instance) for instance in instances if isinstance(instance, Meter)]
    swaps = [instance.report for instance in inside if isinstance(instance, SwapInstance)]
    return (hand_over_table(swaps), swap_table(swaps))


def pacing_measured(pacer: Pacer | None) -> tuple[Table, ...]:
    """How well a run kept up with the clock, where it was to."""
    if pacer is None or not pacer.report.steps:
        return ()
    report = pacer.report
    late = ((report.late_p50, "median"), (report.late_p99, "99 %"), (report.late_most, "most"))
    rows = [
        ("macro steps", f"{report.steps} at {_short(report.speed)} times real time, load {report.load:.3g}"),
        ("overruns", f"{report.overruns} ({100.0 * report.overrun_rate:.3g} %), worst {_short(1e3 * report.worst)} ms"),
        (
            "deadlines dropped",
            f"{report.skipped}, {_short(report.behind)} s behind the clock" if report.skipped else "",
        ),
        ("released late by", ", ".join(f"{_short(1e6 * value)} us ({name})" for value, name in late)),
        ("scheduling", report.scheduling),
    ]
    return (Table("Real time", ("about", "value"), [row for row in rows if row[1]]),)


def cost_table(readings: Sequence[MeterReading], seconds: float | None = None) -> Table:
    """Wall-clock time of the calls, by component, and its share of that of the whole run, where that is given (s).

    Where only a part of the steps was timed, a column tells how many of them.
    """
    header = ["component", "steps", "total [s]", "share [%]", *_PARTS, "timed steps"]
    rows = [_cost(reading, seconds) for reading in readings]
    left_out = set()
    if seconds is None or seconds <= 0.0:
        left_out.add("share [%]")
    if not any(reading.estimated for reading in readings):
        left_out.add("timed steps")
    kept = [place for place, name in enumerate(header) if name not in left_out]
    return Table("Costs", tuple(header[place] for place in kept), [tuple(row[place] for place in kept) for row in rows])


_PARTS = ("step, median [us]", "99 % [us]", "worst [us]", "set + get [s]")


def hand_over_table(reports: Iterable[SwapReport]) -> Table:
    """Every hand-over with the largest bump of outputs and states, relative to the value or its nominal."""
    header = ("time [s]", "component", "to", "way", "cause", "output bump", "state bump")
    rows = [
        (
            number(one.t),
            report.component,
            one.newcomer,
            one.way,
            one.cause,
            _largest(one.outputs),
            _largest(one.states),
        )
        for report in reports
        for one in report.hand_overs
    ]
    return Table("Hand-overs", header, rows)


def swap_table(reports: Iterable[SwapReport]) -> Table:
    """Median costs of a step of FMU and surrogate, and what was decided."""
    header = ("component", "FMU [us]", "surrogate [us]", "speed-up", "largest error in the shadow", "verdict")
    return Table("Swaps", header, [_swap(report) for report in reports])


def _cost(reading: MeterReading, seconds: float | None) -> tuple[str, ...]:
    micro = (_short(1e6 * each) for each in (reading.step_p50, reading.step_p99, reading.step_worst))
    share = f"{100.0 * reading.seconds / seconds:.3g}" if seconds else ""
    timed = "all" if reading.timed is None or not reading.estimated else str(reading.timed)
    exchange = _short(reading.set_seconds + reading.get_seconds)
    return (reading.component, str(reading.steps), _short(reading.seconds), share, *micro, exchange, timed)


def _swap(report: SwapReport) -> tuple[str, ...]:
    verdict = report.declined or ("forced" if report.forced else "swapped" if report.hand_overs else "not due")
    costs = (_short(1e6 * cost.p50) if cost.steps else "" for cost in (report.fmu, report.surrogate))
    error = max(report.shadow_error.values(), default=None)
    both = report.fmu.steps and report.surrogate.steps
    speed_up = _short(report.speed_up) if both else ""
    return (report.component, *costs, speed_up, "" if error is None else _short(error), verdict)


def _largest(bumps: Sequence[Bump]) -> str:
    worst = max(bumps, key=lambda bump: bump.scaled, default=None)
    return "" if worst is None else f"{_short(worst.scaled)} ({worst.connector})"


def _short(value: float) -> str:
    """Three digits, and no exponent below a million; nothing of what was not measured."""
    if math.isnan(value):
        return ""
    return f"{float(f'{value:.3g}'):g}"
