"""Results: what a run recorded, by name."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from orchestrator.errors import ResultError
from orchestrator.observer import Event
from orchestrator.recording.comparison import Comparison, compare
from orchestrator.recording.events import events_path, read_events
from orchestrator.recording.store import PARTIAL, partial_path, read_partial
from orchestrator.system.connector import Scalar
from orchestrator.system.names import nearest

METADATA_KEY = "cotwin"
_TIME = "time"
_NUMERIC = (pa.types.is_floating, pa.types.is_integer, pa.types.is_boolean)
_KINDS = (*_NUMERIC, pa.types.is_string, pa.types.is_binary)


class Results:
    """Recorded variables over time: `results["reactor.S[1]"]`, `results.array("reactor.S")`.

    Of a file only the variables asked for are read.
    """

    def __init__(
        self, schema: pa.Schema, read: Callable[[Sequence[str]], pa.Table], events: tuple[Event, ...] = ()
    ) -> None:
        self._schema, self._read = schema, read
        self._known = frozenset(schema.names)
        self._series: dict[str, NDArray[Any]] = {}
        self.events = events
        """What happened during the run, in the order in which it did."""

    @classmethod
    def of_table(cls, table: pa.Table, events: tuple[Event, ...] = ()) -> "Results":
        """Results in memory."""
        return cls(table.schema, lambda names: table.select(list(names)), events)

    @classmethod
    def load(cls, path: Path | str) -> "Results":
        """Results of a Parquet file, with the events beside it; ResultError where it is not a record.

        Of a run whose process was killed, `NAME.parquet.partial` is read in the same way; it has no events.
        """
        path = Path(path)
        if path.suffix == PARTIAL:
            return cls.of_table(read_partial(path))
        try:
            # Parsed once: with thousands of columns that takes longer than reading one of them.
            footer = pq.read_metadata(path)
        except FileNotFoundError as error:
            raise ResultError(f"{path}: there is no such file. {_remedy(path)}") from error
        except (OSError, pa.ArrowException) as error:
            raise ResultError(f"{path}: not a readable Parquet file ({error}). {_remedy(path)}") from error
        schema = footer.schema.to_arrow_schema()
        problem = _problem(schema)
        if problem is not None:
            raise ResultError(f"{path}: {problem}. Give the path of a record written by a simulation")

        def read(names: Sequence[str]) -> pa.Table:
            try:
                with pq.ParquetFile(path, metadata=footer) as file:
                    return file.read(columns=list(names))
            except (OSError, pa.ArrowException) as error:
                raise ResultError(f"{path}: damaged ({error}). Run the simulation again") from error

        return cls(schema, read, read_events(events_path(path)))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names `component.element` of what was recorded, without `time`."""
        return tuple(name for name in self._schema.names if name != _TIME)

    @property
    def times(self) -> NDArray[np.float64]:
        """Communication points (s), shape (time,)."""
        return self[_TIME]

    @cached_property
    def units(self) -> Mapping[str, str]:
        """Unit by name, for the variables that have one."""
        return self._of_fields("unit")

    @cached_property
    def descriptions(self) -> Mapping[str, str]:
        """Description by name."""
        return self._of_fields("description")

    @cached_property
    def items(self) -> Mapping[str, Mapping[int, str]]:
        """Names of the values of each enumeration."""
        found = self._of_fields("items")
        return {name: {int(key): item for key, item in json.loads(text).items()} for name, text in found.items()}

    @cached_property
    def metadata(self) -> Mapping[str, Any]:
        """System with its hash, components, algorithm, step size, experiment and host; empty where it is unknown."""
        text = (self._schema.metadata or {}).get(METADATA_KEY.encode())
        metadata: dict[str, Any] = json.loads(text) if text else {}
        return metadata

    def __len__(self) -> int:
        return int(self.times.size)

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __getitem__(self, name: str) -> NDArray[Any]:
        """Values of one variable, shape (time,); ResultError, with the nearest names, where it was not recorded."""
        return self._load([name])[0]

    def numeric(self, name: str) -> bool:
        """Whether a recorded variable holds numbers, and neither text nor bytes."""
        return name in self and any(kind(self._schema.field(name).type) for kind in _NUMERIC)

    def array(self, name: str) -> NDArray[Any]:
        """All elements of an array, shape (time, elements), row by row; a scalar has one element."""
        if name in self:
            return self[name][:, np.newaxis]
        elements = [known for known in self.names if _belongs(known, name)]
        if not elements:
            raise self._unknown(name)
        return np.stack(self._load(elements), axis=1)

    def at(self, t: float) -> dict[str, Scalar]:
        """Values at the last communication point that does not lie after t (s)."""
        times = self.times
        tolerance = 1e-6 * float(np.diff(times).min(initial=1.0))
        row = int(np.searchsorted(times, t + tolerance, side="right")) - 1
        if row < 0 or t > times[-1] + tolerance:
            raise ResultError(
                f"t = {t:g} s lies outside the record, [{times[0]:g}, {times[-1]:g}] s. Choose a time in it"
            )
        values = self._load(self.names)
        return {name: _plain(series[row]) for name, series in zip(self.names, values, strict=True)}

    def compare(self, reference: "Results") -> Comparison:
        """Deviation of every number in both from the reference, at the common communication points; text has none.

        ResultError where nothing is common.
        """
        names = [name for name in self.names if name in reference and self.numeric(name) and reference.numeric(name)]
        if not names:
            raise ResultError("no number is recorded in both results. Record the same variables in both runs")
        return compare(names, (self.times, self._load(names)), (reference.times, reference._load(names)))

    def to_pandas(self) -> Any:
        """A pandas DataFrame over time (s); needs pandas."""
        return self._read(self._schema.names).to_pandas().set_index(_TIME)

    def _load(self, names: Sequence[str]) -> list[NDArray[Any]]:
        for name in names:
            if name not in self._known:
                raise self._unknown(name)
        missing = [name for name in names if name not in self._series]
        if missing:
            table = self._read(missing)
            self._series.update((name, _readonly(table.column(name).to_numpy())) for name in missing)
        return [self._series[name] for name in names]

    def _unknown(self, name: str) -> ResultError:
        if any(_belongs(known, name) for known in self.names):
            return ResultError(f"'{name}' is an array. Use results.array('{name}'), or name one element")
        return ResultError(f"'{name}' was not recorded; {nearest(name, self.names)}")

    def _of_fields(self, key: str) -> dict[str, str]:
        fields = ((field.name, (field.metadata or {}).get(key.encode())) for field in self._schema)
        return {name: text.decode() for name, text in fields if text is not None and name != _TIME}


def _remedy(path: Path) -> str:
    partial = partial_path(path)
    if partial.exists():
        return f"A run that is not complete left {partial}: give that path to read it"
    return "Give the path of a record"


def _problem(schema: pa.Schema) -> str | None:
    if _TIME not in schema.names:
        return "has no column 'time'"
    if len(set(schema.names)) < len(schema.names):
        return "has two columns of the same name"
    if not pa.types.is_floating(schema.field(_TIME).type):
        return "has a column 'time' that holds no numbers"
    other = next((field.name for field in schema if not any(kind(field.type) for kind in _KINDS)), None)
    return None if other is None else f"column '{other}' holds neither numbers nor text nor bytes"


def _belongs(element: str, array: str) -> bool:
    return element.startswith(f"{array}[") and re.fullmatch(r"\[[\d,]+\]", element[len(array) :]) is not None


def _plain(value: Any) -> Scalar:
    plain: Scalar = value.item() if hasattr(value, "item") else value
    return plain


def _readonly(values: NDArray[Any]) -> NDArray[Any]:
    values.flags.writeable = False
    return values
