"""Composition: several models and the links between them as one model, for references without co-simulation."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import casadi as ca

from plant_models.model import Model, Role, Symbol


class Link(NamedTuple):
    """destination = factor * source + offset; both are named `component.variable`."""

    source: str
    destination: str
    factor: float = 1.0
    offset: float = 0.0


def compose(name: str, models: Mapping[str, Model], links: Sequence[Link]) -> Model:
    """One model of all equations, its variables named `component.variable`; unlinked inputs stay inputs.

    Visible states and outputs of the components are outputs of neither rank: states stay states, outputs outputs.
    Raises ValueError where a link names no variable, an input has two sources, feedthrough closes a loop or two
    components have different sample times.
    """
    return _Composition(name, models, links).build()


class _Composition:
    """Work in progress: the composed model, and the links by destination."""

    def __init__(self, name: str, models: Mapping[str, Model], links: Sequence[Link]) -> None:
        self.models = models
        self.links = {link.destination: link for link in links}
        if len(self.links) < len(links):
            raise ValueError(f"'{name}': an input has two sources among {sorted(link.destination for link in links)}")
        self.model = Model(name, " + ".join(models), sample_time=self._sample_time())
        self.resolved: dict[str, Symbol] = {}
        self.path: list[str] = []

    def build(self) -> Model:
        self._check_names()
        for component, model in self.models.items():
            for variable in model.variables:
                full = f"{component}.{variable.name}"
                if variable.role is not Role.OUTPUT and full not in self.links:
                    self.model.variables.append(replace(variable, name=full))
                    self.model.symbols[full] = ca.MX.sym(full, variable.length)
        for component, model in self.models.items():
            self._add_equations(component, model)
        return self.model

    def _sample_time(self) -> float | None:
        times = {model.sample_time for model in self.models.values()} - {None}
        if len(times) > 1:
            raise ValueError(f"components scan every {sorted(t for t in times if t)} s: one sample time is needed")
        return times.pop() if times else None

    def _check_names(self) -> None:
        kinds = {f"{c}.{v.name}": v.role for c, model in self.models.items() for v in model.variables}
        for link in self.links.values():
            if kinds.get(link.destination) is not Role.INPUT:
                raise ValueError(f"link to '{link.destination}': no component has such an input")
            if kinds.get(link.source) in (None, Role.INPUT, Role.PARAMETER):
                raise ValueError(f"link from '{link.source}': no component has such an output or state")

    def _add_equations(self, component: str, model: Model) -> None:
        for variable in model.variables:
            full = f"{component}.{variable.name}"
            if variable.role is Role.OUTPUT:
                self.model.variables.append(replace(variable, name=full))
                self.model.equations[full] = self._value(full)
            elif variable.name in model.equations:
                self.model.equations[full] = self._translate(component, model.equations[variable.name])

    def _translate(self, component: str, expression: Symbol) -> Symbol:
        """An equation of one component in the symbols of the composition."""
        symbols = {s.name(): s for s in ca.symvar(expression)}
        values = [self._value(f"{component}.{name}") for name in symbols]
        return ca.substitute([expression], list(symbols.values()), values)[0]

    def _value(self, full: str) -> Symbol:
        """The value of a variable in the symbols of the composition: what it is linked to, or its own equation."""
        if full in self.model.symbols:
            return self.model.symbols[full]
        if full not in self.resolved:
            if full in self.path:
                loop = " -> ".join([*self.path[self.path.index(full) :], full])
                raise ValueError(f"'{self.model.name}' has an algebraic loop: {loop}")
            self.path.append(full)
            self.resolved[full] = self._resolve(full)
            self.path.pop()
        return self.resolved[full]

    def _resolve(self, full: str) -> Symbol:
        if full in self.links:
            link = self.links[full]
            return link.factor * self._value(link.source) + link.offset
        component, name = full.split(".", 1)
        return self._translate(component, self.models[component].equations[name])
