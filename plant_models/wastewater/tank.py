"""Tank: a mixed volume of activated sludge, aerated or not."""

import casadi as ca

from plant_models.model import Model
from plant_models.wastewater.asm1 import declare_parameters, reaction
from plant_models.wastewater.constants import COMPONENTS, DAY, NAMES
from plant_models.wastewater.streams import Stream, inflow, outflow, suspended_solids


def tank() -> Model:
    """One tank of constant volume: V dc/dt = Q (c_in - c) + V r(c), and kLa (SO_sat - SO) for the oxygen.

    What flows out is what is in it: no concentration passes through at once, only the flow does.
    """
    model = Model("asm1_tank", "Mixed tank of activated sludge: ASM1 at 15 degC (Alex et al. 2008)")
    entering = inflow(model, "in", 18446.0)
    kLa = model.input("kLa", 0.0, "1/d", "oxygen transfer coefficient", nominal=100.0)
    V = model.parameter("V", 1333.0, "m3", "volume", nominal=1000.0)
    SO_sat = model.parameter("SO_sat", 8.0, "g/m3", "oxygen at saturation")
    p = declare_parameters(model)
    c = {
        part.name: model.state(part.name, part.start, part.unit, part.description, nominal=part.start, visible=True)
        for part in COMPONENTS
    }
    content = ca.vertcat(*(c[name] for name in NAMES))
    turned_over = reaction(c, p)
    change = entering.Q / V * (entering.all - content) + turned_over.rates
    change[NAMES.index("SO")] += kLa * (SO_sat - c["SO"])
    for index, name in enumerate(NAMES):
        model.derivative(name, change[index] / DAY)
    outflow(model, "out", Stream(content[:-1], c["SALK"], entering.Q))
    model.output("TSS", suspended_solids(c), "g/m3", "total suspended solids", nominal=1e3)
    model.output("OUR", turned_over.oxygen, "g/(m3.d)", "oxygen uptake rate", nominal=1e3)
    model.output("denitrification", turned_over.nitrogen_gas, "g/(m3.d)", "nitrogen that leaves as gas", nominal=100.0)
    return model
