"""The C code of a model: equations and derivatives by CasADi, sparse factorization, and the table of variables."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import casadi as ca

from fmus.variables import FmiVariable, Kind, Table
from plant_models.model import Model, Role

ARGUMENTS = (Role.STATE, Role.DISCRETE_STATE, Role.INPUT, Role.PARAMETER)
_PREFIX = "equations"


class LinearAlgebra(NamedTuple):
    """The matrix I/(gamma h) - dF/dx with its symbolic QR factors; places of dF/dx and of the diagonal in it."""

    matrix: Any
    v: Any
    r: Any
    row_permutation: Sequence[int]
    column_permutation: Sequence[int]
    scatter: Sequence[int]
    diagonal: Sequence[int]


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
    jacobian = _jacobian(model, rates)
    algebra = _linear_algebra(jacobian.sparsity_out(0))
    options: dict[str, Any] = {"with_header": False, "with_export": False, "casadi_int": "long long int"}
    generator = ca.CodeGenerator(_PREFIX, options)
    for function in (rates, outputs, update, jacobian, _sensitivities(model, rates, outputs), _qr_routines()):
        generator.add(function)
    parts = ['#include "model.h"\n', generator.dump(), _algebra_code(algebra), _table_code(table, algebra, jacobian)]
    return "\n".join(parts)


def _symbols(model: Model, suffix: str = "") -> list[Any]:
    return [ca.MX.sym(f"{role}{suffix}", sum(v.length for v in model.of(role))) for role in ARGUMENTS]


def _jacobian(model: Model, rates: Any) -> Any:
    at = _symbols(model)
    return ca.Function("model_jacobian_matrix", at, [ca.jacobian(rates(*at), at[0])])


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


def _linear_algebra(jacobian: Any) -> LinearAlgebra:
    n = jacobian.size1()
    matrix = jacobian + ca.Sparsity.diag(n)
    v, r, rows, columns = matrix.qr_sparse()
    scatter = matrix.get_nz(_linear_index(jacobian))
    diagonal = matrix.get_nz([i * n + i for i in range(n)])
    return LinearAlgebra(matrix, v, r, rows, columns, scatter, diagonal)


def _linear_index(sparsity: Any) -> list[int]:
    n = sparsity.size1()
    return [column * n + row for row, column in zip(*sparsity.get_triplet(), strict=True)]


def _qr_routines() -> Any:
    """A function that solves a system: it makes CasADi emit its QR routines, which the end of model.c calls.

    Two by two, because CasADi turns the solution of a single equation into a division.
    """
    matrix, b = ca.MX.sym("matrix", 2, 2), ca.MX.sym("b", 2)
    return ca.Function("model_qr_routines", [matrix, b], [ca.solve(matrix, b, "qr")])


def _algebra_code(algebra: LinearAlgebra) -> str:
    tables = [
        _integers("sp_a", algebra.matrix.compress()),
        _integers("sp_v", algebra.v.compress()),
        _integers("sp_r", algebra.r.compress()),
        _integers("prinv", algebra.row_permutation),
        _integers("pc", algebra.column_permutation),
    ]
    return (
        "\n".join(tables)
        + """

void model_factorize(const double *matrix, double *row, double *v, double *r, double *beta)
{
    casadi_qr(sp_a, matrix, row, sp_v, v, sp_r, r, beta, prinv, pc);
}

void model_solve(double *b, const double *v, const double *r, const double *beta, double *work)
{
    casadi_qr_solve(b, 1, 0, sp_v, v, sp_r, r, beta, prinv, pc, work);
}
"""
    )


def _table_code(table: Table, algebra: LinearAlgebra, jacobian: Any) -> str:
    counts = table.counts
    owner = [number for number, variable in enumerate(table.variables) for _ in variable.places]
    starts = [value for variable in table.variables for value in (variable.start or (0.0,) * variable.length)]
    nominals = [variable.nominal for variable in table.of(Kind.STATE) for _ in variable.places]
    rows = ",\n".join(f"    {_row(variable)}" for variable in table.variables)
    return "\n".join(
        [
            f"static const model_variable variables[] = {{\n{rows}\n}};",
            _integers("variable_of", owner, "int"),
            _integers("scatter", algebra.scatter, "int"),
            _integers("diagonal", algebra.diagonal, "int"),
            _reals("starts", starts),
            _reals("nominals", nominals),
            "const model_table model = {",
            f"    {_string(table.model_name)}, MODEL_TOKEN, {float(table.sample_time or 0.0)!r},",
            f"    {', '.join(map(str, counts))}, {table.n_values}, {len(table.variables)}, {table.first_output},",
            "    variables, variable_of, starts, nominals,",
            f"    {jacobian.nnz_out(0)}, {algebra.matrix.nnz()}, {algebra.v.nnz()}, {algebra.r.nnz()}, "
            f"{algebra.v.size1()},",
            "    scatter, diagonal",
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


def _integers(name: str, values: Iterable[int], ctype: str = "casadi_int") -> str:
    return f"static const {ctype} {name}[] = {{{', '.join(map(str, values)) or '0'}}};"


def _reals(name: str, values: Iterable[float]) -> str:
    return f"static const double {name}[] = {{{', '.join(map(repr, values)) or '0.0'}}};"
