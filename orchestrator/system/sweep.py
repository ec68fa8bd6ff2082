"""Sweep plan: which values of which parameters the runs of a sweep have.

    method: sobol
    count: 64
    seed: 1
    parameters:
      reactor.kLa: {from: 50, to: 500, scale: log, unit: 1/h}
      plc.stages: {from: 1, to: 4, whole: true}
      experiment.stop: {from: 600, to: 3600}
    results: [reactor.X, reactor.DO]

Methods: `grid` (every combination; the last parameter varies fastest), `list` (the first values of all parameters, the
second, ...), `sobol` and `latin_hypercube` (points of `scipy.stats.qmc` with this seed, stretched to the ranges).
"""

from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from orchestrator.errors import DescriptionError
from orchestrator.system.names import nearest
from orchestrator.system.scenario_file import placed, read_text, said
from orchestrator.system.values import Frozen, Given, Number, Quantity, no_text
from orchestrator.system.yaml.loader import Lines, load

MOST_RUNS: Final = 1_000_000

Count = Annotated[PositiveInt, BeforeValidator(no_text)]


class Varied(Frozen):
    """The values of one parameter: a list of them, or a range, along which `scale` says what is evenly spaced.

    `count` is the number of points of a range in a grid or list. `whole` takes the whole numbers of a range, both ends
    among them.
    """

    model_config = ConfigDict(populate_by_name=True)

    values: tuple[Given, ...] | None = None
    from_: Number | None = Field(default=None, alias="from")
    to: Number | None = None
    count: Count | None = None
    scale: Literal["linear", "log"] = "linear"
    whole: bool = False
    unit: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Varied":
        if (self.values is None) == (self.from_ is None and self.to is None):
            raise ValueError("give either 'values', a list, or 'from' and 'to', a range")
        if self.values is not None:
            if not self.values:
                raise ValueError("'values' is empty; give at least one")
            return self
        if self.from_ is None or self.to is None or self.from_ >= self.to:
            raise ValueError("'from' and 'to' are both needed, and 'from' is the smaller one")
        if self.scale == "log" and self.from_ <= 0.0:
            raise ValueError(f"a log scale begins above zero, not at {self.from_:g}")
        if self.whole and not (self.from_.is_integer() and self.to.is_integer()):
            raise ValueError("the ends of a range of whole numbers are whole")
        return self

    def spaced(self) -> tuple[Given, ...]:
        """The values of a grid or list, evenly spaced; DescriptionError for a range without a count."""
        if self.values is not None:
            return tuple(self._with_unit(value) for value in self.values)
        if self.whole and self.count is None:
            assert self.from_ is not None
            assert self.to is not None
            return tuple(self._with_unit(value) for value in range(int(self.from_), int(self.to) + 1))
        if self.count is None:
            raise DescriptionError("a range in a grid or list needs a 'count'")
        shares = np.linspace(0.0, 1.0, self.count) if self.count > 1 else np.zeros(1)
        return tuple(dict.fromkeys(self.at(share) for share in shares.tolist()))

    def at(self, share: float) -> Given:
        """The value at a share of the way through the range, from 0 to 1; of whole numbers each gets an equal part."""
        assert self.from_ is not None
        assert self.to is not None
        low, high = self.from_, self.to + (1.0 if self.whole else 0.0)
        if share >= 1.0:
            value = self.to
        elif self.scale == "log":
            value = low * (high / low) ** share
        else:
            value = low + share * (high - low)
        return self._with_unit(min(int(value), int(self.to)) if self.whole else value)

    def _with_unit(self, value: Given) -> Given:
        if self.unit is None or isinstance(value, bool | str | Quantity):
            return value
        return Quantity(value=value, unit=self.unit)


class Plan(Frozen):
    """A sweep: parameters by name (`component.parameter`, `experiment.stop`, `step_size`) and how they vary.

    `count` and `seed` belong to `sobol` and `latin_hypercube`. `results` names the variables of the summary (empty: the
    first ones that were recorded).
    """

    method: Literal["grid", "list", "sobol", "latin_hypercube"] = "grid"
    parameters: dict[str, Varied] = Field(min_length=1)
    count: Count | None = None
    seed: Annotated[int, BeforeValidator(no_text), Field(ge=0)] = 0
    results: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> "Plan":
        sampled = self.method in ("sobol", "latin_hypercube")
        if sampled and self.count is None:
            raise ValueError(f"'{self.method}' needs a 'count', the number of runs")
        if not sampled and {"count", "seed"} & self.model_fields_set:
            raise ValueError(f"'{self.method}' has no count and seed; give counts to its parameters")
        if self.method == "sobol" and self.count is not None and self.count & (self.count - 1):
            lower = 1 << (self.count.bit_length() - 1)
            raise ValueError(f"a Sobol sequence is balanced for powers of two: use {lower} or {2 * lower} runs")
        listed = [name for name, one in self.parameters.items() if one.values is not None]
        if sampled and listed:
            raise ValueError(f"'{self.method}' needs a range for '{listed[0]}': from and to")
        return self


def points(plan: Plan) -> tuple[dict[str, Given], ...]:
    """The values of every run, in the order of the runs; DescriptionError where they cannot be made."""
    if plan.method in ("sobol", "latin_hypercube"):
        return tuple(
            {name: varied.at(share) for (name, varied), share in zip(plan.parameters.items(), row, strict=True)}
            for row in _sampled(plan).tolist()
        )
    values = {}
    for name, varied in plan.parameters.items():
        try:
            values[name] = varied.spaced()
        except DescriptionError as error:
            raise DescriptionError(f"parameters.{name}: {error}") from error
    if plan.method == "list":
        return _listed(values)
    if np.prod([float(len(each)) for each in values.values()]) > MOST_RUNS:
        raise DescriptionError(f"more than {MOST_RUNS} runs; give fewer values")
    return tuple(dict(zip(values, row, strict=True)) for row in product(*values.values()))


def _sampled(plan: Plan) -> NDArray[np.float64]:
    """Points in the unit cube (runs, parameters): scrambled Sobol' points (Owen) or a Latin hypercube."""
    from scipy.stats import qmc

    assert plan.count is not None
    if plan.count > MOST_RUNS:
        raise DescriptionError(f"more than {MOST_RUNS} runs; give a smaller count")
    kind = qmc.Sobol if plan.method == "sobol" else qmc.LatinHypercube
    sampled: NDArray[np.float64] = kind(len(plan.parameters), rng=plan.seed).random(plan.count)
    return sampled


def _listed(values: Mapping[str, tuple[Given, ...]]) -> tuple[dict[str, Given], ...]:
    lengths = {name: len(each) for name, each in values.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"'{name}' {length}" for name, length in lengths.items())
        raise DescriptionError(f"a list takes as many values of each parameter, not {told}")
    return tuple(dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True))


def read_plan(path: Path) -> Plan:
    """Read a plan; DescriptionError lists everything that is wrong with the file, with its lines."""
    loaded = load(read_text(path), str(path))
    return plan_of(loaded.data, str(path), loaded.lines)


def plan_of(data: Any, origin: str, lines: Lines | None = None) -> Plan:
    """A plan from plain dicts and lists of the shape of the file; `origin` says where they came from."""
    if not isinstance(data, Mapping):
        raise DescriptionError(f"{origin}: expected keys such as 'method' and 'parameters', got {data!r:.80}")
    try:
        plan = Plan.model_validate(dict(data))
        points(plan)
    except ValidationError as error:
        texts = [f"{placed(where, origin, lines or {})}: {_corrected(where, text)}" for where, text in said(error)]
        raise DescriptionError("\n".join(texts)) from error
    except DescriptionError as error:
        raise DescriptionError(f"{origin}: {error}") from error
    return plan


def _corrected(where: tuple[str | int, ...], text: str) -> str:
    """An unknown key with the keys of a plan, not of an action."""
    if not text.startswith("unknown key"):
        return text
    fields = Varied.model_fields if len(where) > 1 else Plan.model_fields
    known = ["from" if name == "from_" else name for name in fields]
    return f"unknown key '{where[-1]}'; {nearest(str(where[-1]), known)}"
