"""Recipe: set-points, limits and tuning of the controller, as presets for two scales."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """What the controller is told: speeds in 1/min, gas in L/min, feed in L/h, times in s, DO in %, T in degC.

    `phase` to `feed_on` say where the sequence and the outputs stand at the start: in IDLE, or in the middle of a run.
    """

    name: str
    speed_min: float
    speed_max: float
    air_min: float
    air_max: float
    F0: float
    F_max: float
    mu_set: float
    V_harvest: float
    DO_gain: float
    DO_integral_time: float
    T_gain: float
    T_integral_time: float
    DO_set: float = 30.0
    T_set: float = 37.0
    batch_time_min: float = 3600.0
    batch_time_max: float = 43200.0
    phase: float = 1.0
    DO_start: float = 98.0
    DO_output: float = 0.0
    T_start: float = 37.0
    valve: float = 0.5
    feed: float = 0.0


BENCH_RECIPE = Recipe(
    name="fed-batch in 2 L",
    speed_min=500.0,
    speed_max=800.0,
    air_min=1.0,
    air_max=4.0,
    F0=0.007,
    F_max=0.03,
    mu_set=0.2,
    V_harvest=2.8,
    DO_gain=0.004,
    DO_integral_time=50.0,
    T_gain=0.02,
    T_integral_time=400.0,
)
"""Batch from Anane's start values, then a feed for mu = 0.2 1/h; limits and tuning are chosen here."""

PRODUCTION_RECIPE = Recipe(
    name="fed-batch in 12 m3",
    speed_min=60.0,
    speed_max=200.0,
    air_min=6000.0,
    air_max=12000.0,
    F0=80.0,
    F_max=250.0,
    mu_set=0.09,
    V_harvest=11800.0,
    DO_gain=0.002,
    DO_integral_time=60.0,
    T_gain=0.04,
    T_integral_time=1500.0,
    phase=3.0,
    DO_set=40.0,
    DO_start=40.0,
    DO_output=0.28,
    valve=0.46,
    feed=80.0,
)
"""Starts within the fed-batch phase; limits and tuning are chosen here."""
