"""The C compiler: which one, how it is called, and where the headers of the standard are."""

import os
import shlex
import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from fmus.errors import BuildError

# -ffp-contract=off: no fused multiply-add by the compiler's choice, so that results do not depend on it.
COMPILE_FLAGS = ("-std=c11", "-O2", "-fPIC", "-fvisibility=hidden", "-ffp-contract=off", "-g0")
LINK_FLAGS = ("-shared", "-s", "-Wl,--no-undefined")
RUNTIME = Path(__file__).parent / "runtime"


@dataclass(frozen=True)
class Compiler:
    """A C compiler: the command, and what it says about its version."""

    command: tuple[str, ...]
    version: str

    def compile(self, source: Path, target: Path, *, define: Sequence[str] = ()) -> None:
        """Compile one C file; BuildError with the compiler's own words where it fails."""
        includes = [f"-I{RUNTIME}", f"-I{headers()}"]
        self.run([*COMPILE_FLAGS, *(f"-D{d}" for d in define), *includes, "-c", source.name, "-o", str(target)], source)

    def link(self, objects: Sequence[Path], target: Path) -> None:
        """Link objects into a shared library."""
        self.run([*LINK_FLAGS, *map(str, objects), "-lm", "-o", str(target)], target)

    def run(self, arguments: Sequence[str], file: Path) -> None:
        """Call the compiler in the folder of `file`."""
        done = subprocess.run([*self.command, *arguments], cwd=file.parent, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildError(f"{self.command[0]} failed on {file.name} (exit status {done.returncode}):\n{done.stderr}")


def find_compiler() -> Compiler:
    """The compiler named by $CC, or cc, or gcc; BuildError where there is none."""
    chosen = os.environ.get("CC", "").strip()
    for candidate in [chosen] if chosen else ["cc", "gcc"]:
        command = shlex.split(candidate)
        if shutil.which(command[0]):
            said = subprocess.run([*command, "--version"], capture_output=True, text=True, check=False)
            return Compiler(tuple(command), said.stdout.strip())
    looked = f"$CC = {chosen!r}" if chosen else "$CC, cc, gcc"
    raise BuildError(
        f"no C compiler found (looked for {looked}): building FMUs needs one; install gcc (Debian, Ubuntu: "
        "'apt install gcc libc6-dev'; Fedora: 'dnf install gcc') or set CC to a C compiler. Running FMUs needs none."
    )


def headers() -> Path:
    """Folder of fmi2Functions.h and fmi3Functions.h, as the fmpy package ships them."""
    spec = find_spec("fmpy")
    folder = Path(spec.origin).parent / "c-code" if spec and spec.origin else Path()
    for name in ("fmi2Functions.h", "fmi3Functions.h"):
        if not (folder / name).is_file():
            raise BuildError(f"the FMI header {name} is not at '{folder}': install fmpy (pip install 'fmpy>=0.3.20')")
    return folder


def architecture() -> str:
    """Machine that the compiled code runs on, such as `x86_64`."""
    return sysconfig.get_platform().split("-", 1)[1]
