"""Temperature factor of the specific rates: the cardinal temperature model with inflection, Rosso et al. 1993."""

from typing import Any

import casadi as ca

from plant_models.model import Model, Symbol

REFERENCE = 310.15
"""Temperature at which the factor is 1, K: the kinetic parameters hold there."""


def temperature_factor(model: Model, T: Symbol) -> Symbol:
    """Add the cardinal temperatures to a model; the factor (1) at T (K), exactly 1 where `temperature_effect` is 0.

    Outside T_min..T_max the factor is 0. The cardinal temperatures are from memory, not checked against a source.
    """
    effect = model.parameter("temperature_effect", 1.0, "1", "1: rates depend on temperature, 0: as at 37 degC")
    cardinal = (
        model.parameter("T_min", 278.05, "K", "no growth below"),
        model.parameter("T_opt", 314.45, "K", "fastest growth"),
        model.parameter("T_max", 320.65, "K", "no growth above"),
    )
    return 1 + effect * (gamma(T, *cardinal) / gamma(REFERENCE, *cardinal) - 1)


def gamma(T: Any, T_min: Any, T_opt: Any, T_max: Any) -> Symbol:
    """Growth at T over growth at T_opt: 1 there, 0 outside T_min..T_max; all four on one scale of temperature."""
    span = T_opt - T_min
    value = (T - T_max) * (T - T_min) ** 2
    value /= span * (span * (T - T_opt) - (T_opt - T_max) * (T_opt + T_min - 2 * T))
    return ca.if_else((T - T_min) * (T_max - T) > 0, value, 0)
