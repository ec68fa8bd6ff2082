"""Sequence of the phases, and the alarms and interlocks that watch over them."""

import casadi as ca

from plant_models.model import Model, Symbol, Type
from plant_models.plc.recipe import Recipe

PHASES = ("IDLE", "BATCH", "FED_BATCH", "HARVEST")
"""Names of the phases 1, 2, 3, 4."""
IDLE, BATCH, FED_BATCH, HARVEST = 1, 2, 3, 4


def declare_sequence(model: Model, recipe: Recipe) -> None:
    """Add the limits and the memory of the sequence to a model."""
    for name, start, unit, description in (
        ("V_harvest", recipe.V_harvest, "L", "broth volume at which the harvest begins"),
        ("batch_time_min", recipe.batch_time_min, "s", "batch: no DO spike is looked for before"),
        ("batch_time_max", recipe.batch_time_max, "s", "batch: the feed starts after this time at the latest"),
        ("DO_spike", 15.0, "%", "rise of DO over its lowest that ends the batch"),
        ("DO_alarm_limit", 15.0, "%", "DO below which the alarm is raised"),
        ("DO_alarm_delay", 60.0, "s", "time for which DO must stay below the limit"),
        ("DO_interlock", 5.0, "%", "DO below which the feed is stopped"),
        ("T_interlock", 2.0, "K", "excess temperature above which the feed is stopped"),
    ):
        model.parameter(name, start, unit, description, tunable=True)
    model.discrete_state(
        "phase", recipe.phase, "1", "phase", visible=True, type=Type.ENUMERATION, items=PHASES, minimum=1, maximum=4
    )
    model.discrete_state("phase_time", 0.0, "s", "time since the phase began", nominal=100.0)
    model.discrete_state("DO_lowest", 100.0, "%", "lowest DO of the batch so far", nominal=100.0)
    model.discrete_state("DO_low_for", 0.0, "s", "time for which DO has been below the alarm limit", nominal=100.0)
    model.discrete_state("DO_alarm", 0.0, "1", "DO is too low", visible=True, type=Type.BOOLEAN)
    model.discrete_state("interlock", 0.0, "1", "the feed is stopped", visible=True, type=Type.BOOLEAN)


def scan_sequence(model: Model, h: float) -> Symbol:
    """State one scan, h seconds after the last, of the sequence; returns the new phase.

    IDLE -start-> BATCH -DO spike or time-> FED_BATCH -stop or full-> HARVEST -start taken back-> IDLE; a stop ends the
    batch too.
    """
    s = model.symbols
    running = ca.logic_or(s["phase"] == BATCH, s["phase"] == FED_BATCH)
    finished = ca.logic_and(running, ca.logic_or(s["stop"] > 0.5, s["V"] >= s["V_harvest"]))
    started = ca.logic_and(s["phase"] == IDLE, ca.logic_and(s["start"] > 0.5, s["stop"] < 0.5))
    emptied = ca.logic_and(s["phase"] == HARVEST, s["start"] < 0.5)
    phase = ca.if_else(_batch_ends(model), FED_BATCH, s["phase"])
    phase = ca.if_else(finished, HARVEST, ca.if_else(started, BATCH, ca.if_else(emptied, IDLE, phase)))
    model.update("phase", phase)
    model.update("phase_time", ca.if_else(phase == s["phase"], s["phase_time"] + h, 0))
    return phase


def _batch_ends(model: Model) -> Symbol:
    """The cells stop breathing when the glucose is gone, DO jumps: that, or the time, ends the batch."""
    s = model.symbols
    low = ca.fmin(s["DO_lowest"], s["DOT_probe"])
    model.update("DO_lowest", ca.if_else(s["phase"] == BATCH, low, 100))
    spike = ca.logic_and(s["phase_time"] >= s["batch_time_min"], s["DOT_probe"] - low >= s["DO_spike"])
    return ca.logic_and(s["phase"] == BATCH, ca.logic_or(spike, s["phase_time"] >= s["batch_time_max"]))


def scan_alarms(model: Model, h: float) -> Symbol:
    """State one scan, h seconds after the last, of the DO alarm and the feed interlock; returns the new interlock.

    The alarm has an on-delay. The interlock lets go when DO is 10 % above its limit and the excess temperature below
    half of its own.
    """
    s = model.symbols
    below = s["DOT_probe"] < s["DO_alarm_limit"]
    low_time = ca.if_else(below, ca.fmin(s["DO_low_for"] + h, 1e6), 0)
    model.update("DO_low_for", low_time)
    # Half a scan keeps the sum of many scans from missing the delay by a rounding.
    model.update("DO_alarm", ca.logic_and(below, low_time > s["DO_alarm_delay"] - h / 2))
    excess = s["T"] - s["T_set"]
    trips = ca.logic_or(s["DOT_probe"] < s["DO_interlock"], excess > s["T_interlock"])
    clears = ca.logic_and(s["DOT_probe"] > s["DO_interlock"] + 10, excess < s["T_interlock"] / 2)
    interlock = ca.if_else(trips, 1, ca.if_else(clears, 0, s["interlock"]))
    model.update("interlock", interlock)
    return interlock
