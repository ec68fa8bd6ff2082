"""Settling: outputs of an FMI 1.0 FMU before its first step, consistent with inputs that become known bit by bit.

`fmiInitializeSlave`, or `fmiInitialize` of Model Exchange, computes all outputs at once from the values set before, and
FMI 1.0 does not promise outputs that follow inputs set later. The coupled initialization however sets some inputs only
after it has read some outputs. Hence an FMU that was given other values since it was initialized is reset (for Model
Exchange: freed and instantiated anew), given all values again, and initialized anew before the next value is read.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.fmi.function_table import FunctionTable
from orchestrator.instance import Bundle, Values


class Settling:
    """1 `given` (repeated) and `settle` before each read, in Initialization Mode only."""

    def __init__(self, functions: FunctionTable, check: Callable[[int, str], None]) -> None:
        self._functions, self._check = functions, check
        self._given: dict[str, NDArray[Any]] = {}
        self._initialized = self._stale = False

    def given(self, bundle: Bundle, values: Values) -> None:
        """Notice values that the FMU was given."""
        position = 0
        for connector in bundle.connectors:
            mine = values[position : position + connector.size]
            before = self._given.get(connector.name)
            if before is None or not np.array_equal(before, mine):
                self._given[connector.name] = mine.copy()
                self._stale = True
            position += connector.size

    def settle(self, again: Callable[[], None]) -> None:
        """Initialize the FMU with what it was given; `again` gives it that once more after a reset."""
        if self._initialized and self._stale:
            self._check(self._functions.reset(), "Reset")
            again()
            self._initialized = False
        if not self._initialized:
            self._check(self._functions.exit_initialization(), "ExitInitializationMode")
        self._initialized, self._stale = True, False

    def begin(self) -> None:
        """Initialization Mode is entered, of an FMU that is new or was reset."""
        self._initialized = self._stale = False
