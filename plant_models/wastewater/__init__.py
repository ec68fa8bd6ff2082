"""Wastewater: activated sludge tanks, a settler, and the control of the benchmark plant BSM1."""

from plant_models.wastewater.control import NITRATE, OXYGEN, Tuning, pi_controller, sensor
from plant_models.wastewater.flows import mixer, splitter
from plant_models.wastewater.settler import settler
from plant_models.wastewater.tank import tank

__all__ = ["NITRATE", "OXYGEN", "Tuning", "mixer", "pi_controller", "sensor", "settler", "splitter", "tank"]
