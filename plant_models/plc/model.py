"""PLC: one scan reads the probes, moves the loops and the sequence, and writes the outputs."""

import casadi as ca

from plant_models.model import Model, Symbol, Type
from plant_models.plc.pid import Tuning, pid, scan_pid
from plant_models.plc.recipe import BENCH_RECIPE, Recipe
from plant_models.plc.sequence import BATCH, FED_BATCH, declare_sequence, scan_alarms, scan_sequence

SPEED_END, AIR_END = 0.4, 0.8
"""Split range of the DO loop: 0 to 0.4 moves the stirrer, 0.4 to 0.8 the air; the rest is kept for oxygen."""


def plc(recipe: Recipe = BENCH_RECIPE, scan: float = 0.1) -> Model:
    """Controller that scans every `scan` seconds: DO by stirrer then air, temperature, exponential feed, phases.

    All memory is discrete states, so outputs change at scans only and depend on no input directly.
    """
    model = Model("plc", f"{recipe.name}: DO cascade, temperature, feed and phases", sample_time=scan)
    _declare_inputs(model, recipe)
    _declare_set_points(model, recipe)
    declare_sequence(model, recipe)
    pid(model, "DO", "%", Tuning(recipe.DO_gain, recipe.DO_integral_time, 0.01, recipe.DO_output, recipe.DO_start,
                                 high=AIR_END))  # fmt: skip
    pid(model, "T", "degC", Tuning(recipe.T_gain, recipe.T_integral_time, 0.05, recipe.valve, recipe.T_start))
    _declare_outputs(model, recipe)
    phase, interlock = scan_sequence(model, scan), scan_alarms(model, scan)
    _scan_gas(model, scan, phase)
    s = model.symbols
    model.update("valve", scan_pid(model, "T", scan, s["T"], s["T_set"], ca.MX(1)))
    _scan_feed(model, scan, phase, interlock)
    return model


def _declare_inputs(model: Model, recipe: Recipe) -> None:
    model.input("DOT_probe", recipe.DO_start, "%", "dissolved oxygen", nominal=100.0)
    model.input("T", recipe.T_start, "degC", "broth temperature", nominal=100.0)
    model.input("V", 0.9 * recipe.V_harvest, "L", "broth volume", nominal=recipe.V_harvest)
    model.input("start", 1.0, "1", "run the sequence", type=Type.BOOLEAN)
    model.input("stop", 0.0, "1", "end the run: harvest", type=Type.BOOLEAN)


def _declare_set_points(model: Model, recipe: Recipe) -> None:
    for name, start, unit, description in (
        ("DO_set", recipe.DO_set, "%", "DO set-point"),
        ("T_set", recipe.T_set, "degC", "temperature set-point"),
        ("speed_min", recipe.speed_min, "1/min", "lowest stirrer speed"),
        ("speed_max", recipe.speed_max, "1/min", "highest stirrer speed"),
        ("air_min", recipe.air_min, "L/min", "lowest air flow"),
        ("air_max", recipe.air_max, "L/min", "highest air flow"),
        ("F0", recipe.F0, "L/h", "feed at the start of the fed-batch phase"),
        ("F_max", recipe.F_max, "L/h", "cap of the feed"),
        ("mu_set", recipe.mu_set, "1/h", "exponent of the feed"),
    ):
        model.parameter(name, start, unit, description, tunable=True, nominal=max(start, 1e-3))


def _declare_outputs(model: Model, recipe: Recipe) -> None:
    speed = recipe.speed_min * (recipe.speed_max / recipe.speed_min) ** min(recipe.DO_output / SPEED_END, 1)
    share = min(max((recipe.DO_output - SPEED_END) / (AIR_END - SPEED_END), 0), 1)
    air = recipe.air_min * (recipe.air_max / recipe.air_min) ** share
    for name, start, unit, description in (
        ("stirrer_speed", speed, "1/min", "speed of the stirrer"),
        ("air_flow", air, "L/min", "air, in litres at 0 degC and 1 atm"),
        ("feed", recipe.feed, "L/h", "feed"),
        ("valve", recipe.valve, "1", "temperature valve, 0: full cooling, 1: full heating"),
    ):
        model.discrete_state(name, start, unit, description, visible=True, nominal=max(start, 1e-2))
    on = float(recipe.feed > 0)
    model.discrete_state("feed_on", on, "1", "the feed pump runs", visible=True, type=Type.BOOLEAN)
    model.discrete_state("feed_profile", recipe.feed or recipe.F0, "L/h", "feed that the profile asks for")


def _scan_gas(model: Model, h: float, phase: Symbol) -> None:
    """State one scan of the DO cascade, first the stirrer, then the air.

    Both are geometric in the output of the loop, so a move of it changes kLa by the same fraction anywhere: the gain of
    the loop does not change with the speed.
    """
    s = model.symbols
    active = ca.logic_or(phase == BATCH, phase == FED_BATCH)
    output = scan_pid(model, "DO", h, s["DOT_probe"], s["DO_set"], active)
    speed_share = ca.fmin(output / SPEED_END, 1)
    air_share = ca.fmin(ca.fmax((output - SPEED_END) / (AIR_END - SPEED_END), 0), 1)
    model.update("stirrer_speed", s["speed_min"] * (s["speed_max"] / s["speed_min"]) ** speed_share)
    model.update("air_flow", s["air_min"] * (s["air_max"] / s["air_min"]) ** air_share)


def _scan_feed(model: Model, h: float, phase: Symbol, interlock: Symbol) -> None:
    """State one scan of the feed: F = F0 exp(mu_set t) up to F_max; the profile waits while it is interlocked."""
    s = model.symbols
    growth = ca.exp(s["mu_set"] * h / 3600)
    grown = ca.fmin(ca.if_else(interlock, s["feed_profile"], s["feed_profile"] * growth), s["F_max"])
    feeding = phase == FED_BATCH
    profile = ca.if_else(ca.logic_and(feeding, s["phase"] == FED_BATCH), grown, s["F0"])
    pumping = ca.logic_and(feeding, ca.logic_not(interlock))
    model.update("feed_profile", profile)
    model.update("feed", ca.if_else(pumping, profile, 0))
    model.update("feed_on", pumping)
