"""The Jacobian dF/dx of a model as a CasADi function that stays small, however many zones the model has."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import casadi as ca

_UNROLLED = 2500  # instructions (of the rates, times directions) up to which derivatives are written out one by one


def jacobian(name: str, rates: Any) -> Any:
    """Function (x, z, u, p) -> dF/dx, sparse, for `rates` (x, z, u, p) -> F.

    Columns that share no row are evaluated together, one directional derivative for each colour of such a set (Curtis,
    Powell, Reid 1974). A row that depends on every zone, such as the integral of a total, would cost a direction per
    zone that way: dense rows are evaluated in reverse, one direction each. In large models the directions are a loop
    over one derivative instead of a derivative with many directions, which a C compiler would take minutes for.
    """
    at = [ca.MX.sym(rates.name_in(i), rates.size1_in(i)) for i in range(rates.n_in())]
    sparsity = rates.jac_sparsity(0, 0)
    dense = dense_rows(sparsity)
    few = sorted(set(range(sparsity.size1())) - set(dense))
    colours = sparsity.sub(few, list(range(sparsity.size2())))[0].uni_coloring()
    directions = colours.size2() + len(dense)
    if directions * rates.n_instructions() <= _UNROLLED:
        matrix = _unrolled(rates(*at), at[0], few, dense)
    else:
        matrix = _looped(rates, at, colours, dense)
    return ca.Function(name, at, [ca.project(matrix, sparsity)])


def dense_rows(sparsity: Any) -> list[int]:
    """Rows with so many entries that they are worth a reverse direction."""
    counts = Counter(sparsity.row())
    limit = 10 + 3 * sparsity.size1() ** 0.5
    return [row for row in range(sparsity.size1()) if counts[row] > limit]


def _unrolled(values: Any, x: Any, few: Sequence[int], dense: Sequence[int]) -> Any:
    if not dense:
        return ca.jacobian(values, x)
    stacked = ca.vertcat(*(ca.jacobian(values[list(rows)], x) for rows in (few, dense)))
    place = {row: index for index, row in enumerate([*few, *dense])}
    return stacked[[place[row] for row in range(len(place))], :]


def _looped(rates: Any, at: Sequence[Any], colours: Any, dense: Sequence[int]) -> Any:
    n, sparsity = rates.size1_out(0), rates.jac_sparsity(0, 0)
    rest = ca.vertcat(*at[1:], 1.0)  # never empty, because the C code of CasADi's loops wants no empty argument
    parts = [_loop(rates, at, colours, reverse=False)(at[0], rest, ca.DM(colours, 1.0))]
    if dense:
        units = ca.Sparsity.triplet(n, len(dense), list(dense), list(range(len(dense))))
        parts.append(_loop(rates, at, units, reverse=True)(at[0], rest, ca.DM(units, 1.0)))
    colour = dict(zip(*colours.get_triplet(), strict=True))
    place = {row: colours.size2() + index for index, row in enumerate(dense)}
    entries = zip(*sparsity.get_triplet(), strict=True)
    chosen = [n * place[r] + c if r in place else n * colour[c] + r for r, c in entries]
    return ca.MX(sparsity, ca.vec(ca.horzcat(*parts))[chosen])


def _loop(rates: Any, at: Sequence[Any], seeds: Any, *, reverse: bool) -> Any:
    """Function (x, rest, seeds) -> a derivative of `rates` in each column, in a loop over the columns of the seeds."""
    n = rates.size1_out(0)
    x, seed = ca.MX.sym("x", n), ca.MX.sym("seed", n)
    rest = ca.MX.sym("rest", sum(part.shape[0] for part in at[1:]) + 1)
    split = ca.vertsplit(rest, [0, *accumulate(part.shape[0] for part in at[1:]), rest.shape[0]])
    direction = ca.jtimes(rates(x, *split[:-1]), x, seed, reverse)
    name = "reverse_direction" if reverse else "forward_direction"
    one = ca.Function(name, [x, rest, seed], [ca.densify(direction)])
    return one.map(f"{name}s", "serial", seeds.size2(), [0, 1], [])
