"""Contenders: processes that run a system when they are told, so that they can take turns."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from speed.fmus import BUILD
from speed.system import System

FOLDER: Final = Path(__file__).parent
MASTERS: Final = FOLDER / "masters"


class Answer(NamedTuple):
    """One run: wall-clock time (s) of its macro steps, outputs at the end, peak memory (kB; not of the floor)."""

    seconds: float
    finals: list[float]
    memory: int | None


class NoAnswerError(Exception):
    """Why a contender has no answer."""


class Process:
    """A process that answers lines by lines of JSON; one that takes longer than its limit is ended."""

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._log = log
        paths = os.pathsep.join((str(FOLDER.parent), *filter(None, [os.environ.get("PYTHONPATH")])))
        environment = {**os.environ, "PYTHONPATH": paths, "MPLBACKEND": "Agg"}
        pipe = subprocess.PIPE
        with log.open("w") as words:
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=words, text=True, env=environment)

    @property
    def pid(self) -> int:
        """Its number in the system."""
        return self._process.pid

    def ask(self, line: str, limit: float) -> dict[str, Any]:
        """The answer to a line, within a limit (s); NoAnswerError where there is none."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        alarm = threading.Timer(limit, self._process.kill)
        alarm.start()
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        finally:
            late = not alarm.is_alive()
            alarm.cancel()
        if not answer:
            raise NoAnswerError(f"no answer within {limit:g} s" if late else self._last_words())
        found: dict[str, Any] = json.loads(answer)
        if "failed" in found:
            raise NoAnswerError(found["failed"])
        return found

    def close(self) -> None:
        """End the process."""
        with suppress(BrokenPipeError, subprocess.TimeoutExpired):
            self._process.communicate(timeout=10.0)
        with suppress(BrokenPipeError), self._process:  # whose pipes it closes
            self._process.kill()

    def _last_words(self) -> str:
        self._process.wait()
        lines = [line for line in self._log.read_text(errors="replace").splitlines() if line.strip()]
        return lines[-1] if lines else f"ended with {self._process.returncode}"


class Contender(NamedTuple):
    """A co-simulation master: its name, the script that runs a system with it, more arguments, its interpreter.

    One that runs `onward` opens the system once: each of its runs goes on where the last one ended.
    """

    name: str
    script: str
    arguments: tuple[str, ...] = ()
    python: str = sys.executable
    onward: bool = False

    def command(self, plan: Path) -> list[str]:
        """How its process is started."""
        return [self.python, str(MASTERS / self.script), str(plan), *self.arguments]


COTWIN: Final = Contender("cotwin", "run_cotwin.py")
ONWARD: Final = Contender("cotwin", "run_cotwin.py", ("onward",), onward=True)
INTERPRETED: Final = Contender("cotwin, interpreted", "run_cotwin.py", ("interpreted",))


class Running:
    """A contender, or the floor where it is None, with a system; a context manager."""

    def __init__(self, contender: Contender | None, system: System) -> None:
        self._floor = contender is None
        self._folder = tempfile.TemporaryDirectory()
        plan = Path(self._folder.name) / "plan"
        if contender is None:
            plan.write_text(_plan(system))
            command = [str(_floor(system.version)), str(plan)]
        else:
            plan.write_text(system.to_json())
            command = contender.command(plan)
        self._record = system.record
        self.process = Process(command, plan.with_suffix(".log"))

    def run(self, steps: int, limit: float, sweeps: int = 0) -> Answer:
        """Run so many macro steps; NoAnswerError where it could not, or took longer than the limit (s)."""
        line = f"{steps} {int(self._record)} {sweeps or steps}" if self._floor else str(steps)
        found = self.process.ask(line, limit)
        return Answer(found["seconds"], found["finals"], found.get("memory"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.close()
        self._folder.cleanup()


def _floor(version: int) -> Path:
    return compiled("floor.c", f"floor_fmi{version}", f"-DFMI={version}", "-ldl")


def compiled(source: str, name: str, *flags: str) -> Path:
    """A C program of this folder, compiled where it is older than its source."""
    code, program = FOLDER / source, BUILD / name
    if not program.exists() or program.stat().st_mtime < code.stat().st_mtime:
        BUILD.mkdir(parents=True, exist_ok=True)
        arguments = ["gcc", "-std=c11", "-O2", "-Wall", "-Wextra", str(code), *flags, "-o", str(program)]
        subprocess.run(arguments, check=True)
    return program


_ALGORITHMS: Final = {"jacobi": 0, "gauss_seidel": 1, "iterative": 2, "doubling": 3}
"""That of the floor by the name of what a system says; `doubling` is Gauss-Seidel under error control."""


def _plan(system: System) -> str:
    """A system as `floor.c` reads it."""
    number = {name: place for place, name in enumerate(system.components)}
    into: dict[str, list[str]] = {name: [] for name in system.components}
    for wire in system.wires:
        place = system.outputs[system.components[wire.source]].index(wire.output)
        reference = system.reference(wire.destination, wire.input)
        into[wire.destination].append(f"{reference} {number[wire.source]} {place}")
    lines = [f"{_ALGORITHMS[system.algorithm]} {system.step_size!r} {len(system.components)}"]
    for name, model in system.components.items():
        outputs = [system.references[model][output] for output in system.outputs[model]]
        lines.append(f"{system.libraries[model]} {{{model}}} {len(into[name])} {' '.join(into[name])}")
        lines.append(f"{len(outputs)} {' '.join(map(str, outputs))}")
    return "\n".join(lines) + "\n"
