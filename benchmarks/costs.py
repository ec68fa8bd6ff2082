"""What the components of the wastewater treatment plant cost in a run, as `cotwin explain` tells it afterwards.

    python benchmarks/costs.py [--docs]

Builds the FMUs of `examples/bsm1.yaml`, runs it into a folder that goes, and prints the costs and steps of that run.
With --docs the sample of docs/explain.md is made anew.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from speed.report import put

ROOT = Path(__file__).parents[1]
FMUS = ("asm1_tank", "bsm1_mixer", "bsm1_splitter", "bsm1_settler")
CLI = "from cotwin.cli import main; main()"
LAST = "outside of components"
"""The last line of the sample."""


def told(*words: str) -> str:
    """What Python prints with these arguments, at the width of a page."""
    environment = {**os.environ, "COLUMNS": "140", "NO_COLOR": "1"}
    asked = [sys.executable, *words]
    return subprocess.run(asked, cwd=ROOT, env=environment, check=True, text=True, stdout=subprocess.PIPE).stdout


def costs(folder: Path) -> str:
    """Costs and steps of a run of the plant."""
    told("-m", "fmus.build", *FMUS)
    told("-c", CLI, "run", "examples/bsm1.yaml", "--output", str(folder))
    lines = [line.rstrip() for line in told("-c", CLI, "explain", str(folder)).splitlines()]
    begin = lines.index("Costs")
    end = next(number for number, line in enumerate(lines) if line.startswith(LAST))
    return "\n".join(lines[begin : end + 1])


def main() -> None:
    """Run, print, and document where asked for."""
    with tempfile.TemporaryDirectory() as folder:
        found = costs(Path(folder) / "bsm1")
    print(found)
    if "--docs" in sys.argv[1:]:
        put(ROOT / "docs" / "explain.md", "costs", f"\n```\n$ cotwin explain runs/bsm1\n{found}\n...\n```\n")


if __name__ == "__main__":
    main()
