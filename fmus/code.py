"""The C code of a model: equations and derivatives by CasADi, the tables of elimination and of variables."""

from collections.abc import Iterable
from typing import Any

import casadi as ca

from fmus.elimination import eliminate
from fmus.jacobian import jacobian
from fmus.variables import FmiVariable, Kind, Table
from plant_models.model import Model, Role

ARGUMENTS = (Role.STATE, Role.DISCRETE_STATE, Role.INPUT, Role.PARAMETER)
_PREFIX = "equations"


def equations(model: Model) -> list[Any]:
    """The CasADi functions that state a model: what its FMU computes follows from these and the table alone."""
    return [
        model.function("model_rates", Role.STATE),
        model.function("model_outputs", Role.OUTPUT),
        model.function("model_update", Role.DISCRETE_STATE),
    ]


def model_code(model: Model, table: Table) -> str:
    """Text of model.c, all but the token that identifies it.

    The functions stay MX graphs (calls and maps are kept, nothing is expanded to scalars), so that the code of a
    zone network grows with its equations and not with its zones.
    """
    rates, outputs, update = equations(model)
    matrix = jacobian("model_jacobian_matrix", rates)
    options: dict[str, Any] = {"with_header": False, "with_export": False, "casadi_int": "long long int"}
    generator = ca.CodeGenerator(_PREFIX, options)
    for function in (rates, outputs, update, matrix, _sensitivities(model, rates, outputs)):
        generator.add(function)
    return "\n".join(['#include "model.h"\n', generator.dump(), _table_code(table, matrix.sparsity_out(0))])


def _symbols(model: Model, suffix: str = "") -> list[Any]:
    return [ca.MX.sym(f"{role}{suffix}", sum(v.length for v in model.of(role))) for role in ARGUMENTS]


def _sensitivities(model: Model, rates: Any, outputs: Any) -> Any:
    """(x, z, u, p, and a seed for each) -> directional derivatives of the derivatives and of the outputs."""
    at, seeds = _symbols(model), _symbols(model, "_seed")
    argument, seed = ca.vertcat(*at), ca.vertcat(*seeds)
    columns = ca.MX.sym("columns", argument.shape[0])
    split = ca.vertsplit(columns, [0, *_cumulative(part.shape[0] for part in at)])
    directions = [ca.jtimes(function(*split), columns, seed) for function in (rates, outputs)]
    inner = ca.Function("directions", [columns, seed], [ca.densify(direction) for direction in directions])
    return ca.Function("model_sensitivities", [*at, *seeds], inner(argument, seed))


def _cumulative(sizes: Iterable[int]) -> list[int]:
    total, sums = 0, []
    for size in sizes:
        total += size
        sums.append(total)
    return sums


def _table_code(table: Table, sparsity: Any) -> str:
    owner = [number for number, variable in enumerate(table.variables) for _ in variable.places]
    starts = [value for variable in table.variables for value in (variable.start or (0.0,) * variable.length)]
    nominals = [variable.nominal for variable in table.of(Kind.STATE) for _ in variable.places]
    rows = ",\n".join(f"    {_row(variable)}" for variable in table.variables)
    elimination = eliminate(sparsity)
    sizes = f"{len(elimination.blocks) - 1}, {sparsity.nnz()}, {len(elimination.columns)}"
    return "\n".join(
        [
            f"static const model_variable variables[] = {{\n{rows}\n}};",
            _integers("variable_of", owner),
            *(_integers(name, values) for name, values in elimination._asdict().items()),
            _reals("starts", starts),
            _reals("nominals", nominals),
            "const model_table model = {",
            f"    {_string(table.model_name)}, MODEL_TOKEN, {float(table.sample_time or 0.0)!r},",
            f"    {', '.join(map(str, table.counts))}, {table.n_values}, {len(table.variables)}, {table.first_output},",
            "    variables, variable_of, starts, nominals,",
            f"    {{{sizes}, {', '.join(elimination._fields)}}}",
            "};\n",
        ]
    )


def _row(variable: FmiVariable) -> str:
    fields = [
        _string(variable.name),
        str(variable.first),
        str(variable.length),
        str(int(variable.size is not None)),
        f"TYPE_{variable.type.name}",
        f"KIND_{variable.kind}",
        str(len(variable.items)),
    ]
    return "{" + ", ".join(fields) + "}"


def _string(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _integers(name: str, values: Iterable[int]) -> str:
    return f"static const int {name}[] = {{{', '.join(map(str, values)) or '0'}}};"


def _reals(name: str, values: Iterable[float]) -> str:
    return f"static const double {name}[] = {{{', '.join(map(repr, values)) or '0.0'}}};"
