"""Loops of a container: components that are solved for together, with the memory of what solves them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fmus.container.values import Type


@dataclass(frozen=True)
class Asked:
    """A part that tells directional derivatives: the words for the function, and for its first argument."""

    part: int
    function: int
    handle: int


@dataclass(frozen=True)
class Shadow:
    """An integer or Boolean in the image, and where the solver has it as an integer of 64 bits."""

    type: Type
    offset: int
    shadow: int


@dataclass(frozen=True, eq=False)
class Loop:
    """Parts that are swept in this order until what they give agrees; `unknowns` names what is solved for.

    `words` are the memory of the solver before a run, as far as they are not zero, `size` is how many there are, and
    `iteration` the number of the word at which it is entered. Some words are addresses: `inside` of this memory, or in
    the `image` (both: the number of the word, and an offset in bytes), or of `functions` (by their names in
    `mathematics` of the system).
    """

    parts: tuple[int, ...]
    unknowns: tuple[str, ...]
    iteration: int
    words: NDArray[np.int64] = field(repr=False)
    size: int
    inside: tuple[tuple[int, int], ...]
    image: tuple[tuple[int, int], ...]
    functions: tuple[tuple[int, str], ...]
    asked: tuple[Asked, ...] = ()
    shadows: tuple[Shadow, ...] = ()


@dataclass(frozen=True)
class Mathematics:
    """What solves loops: C code, and what three functions are called there.

    `begin` starts a macro step, `following` is asked after each sweep, `changed` is told that other values were put
    into the image. `reached` are the offsets in bytes, from where an iteration is entered, of the number of
    iterations, of the largest residual in units of its scale (a double), and of its unknown.
    """

    code: str
    begin: str
    following: str
    changed: str
    reached: tuple[int, int, int]
