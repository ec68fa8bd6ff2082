"""Arguments and options of the commands: what each is called on the command line, and what it says of itself."""

from pathlib import Path
from typing import Annotated

import typer

System = Annotated[Path, typer.Argument(metavar="SYSTEM", help="A system (YAML, SSP) or one FMU.")]
Fmu = Annotated[Path, typer.Argument(metavar="FILE.fmu", help="An FMU, FMI 1.0 to 3.0.")]
Record = Annotated[Path, typer.Argument(metavar="RESULT.parquet", help="What a run has recorded.")]
Names = Annotated[list[str], typer.Argument(metavar="VAR...", help="component.variable; arrays by element or name.")]
Picture = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE.png", help="Default: RESULT.png.")]
Folder = Annotated[Path | None, typer.Option("-o", "--output", metavar="DIR", help="Default: runs/NAME.")]
Stop = Annotated[float | None, typer.Option(metavar="SECONDS", help="Stop time.")]
Step = Annotated[float | None, typer.Option(metavar="SECONDS", help="Step size.")]
Settings = Annotated[list[str], typer.Option("--set", metavar="COMP.PAR=VALUE", help="Replace a value; repeatable.")]
Inputs = Annotated[
    list[str], typer.Option("--input", metavar="[COMP=]FILE.csv", help="Inputs over time from a table; repeatable.")
]
Scenarios = Annotated[
    list[Path], typer.Option("--scenario", metavar="FILE.yaml", help="What is done during the run; repeatable.")
]
PlanFile = Annotated[Path, typer.Argument(metavar="PLAN.yaml", help="Which values the runs have.")]
Jobs = Annotated[int, typer.Option(min=1, metavar="N", help="Runs at a time, each in a process of its own.")]
SweepFolder = Annotated[Path | None, typer.Option("-o", "--output", metavar="DIR", help="Default: runs/NAME_sweep.")]
FmuFolder = Annotated[Path, typer.Argument(metavar="DIR", help="A folder of FMUs.")]
Target = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE.yaml", help="Default: DIR/system.yaml.")]
Checked = Annotated[Path, typer.Argument(metavar="FILE", help="A system (YAML, SSP) or one FMU.")]
Variant = Annotated[str | None, typer.Option(metavar="NAME", help="Another structure of an SSP package.")]
Strict = Annotated[bool, typer.Option("--strict", help="Warnings fail, too.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Explainable = Annotated[Path, typer.Argument(metavar="SYSTEM|DIR", help="A system, or the folder of a run.")]
Page = Annotated[Path | None, typer.Option("--html", metavar="FILE.html", help="Write a page with pictures, too.")]
NoProbe = Annotated[bool, typer.Option("--no-probe", help="Tell the structure alone; nothing is opened or run.")]
Drawing = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE.svg", help="Default: NAME.svg.")]
Other = Annotated[Path, typer.Argument(metavar="OTHER", help="Another system, to compare with.")]
SchemaTarget = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE.json", help="Default: printed.")]
Package = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="FILE.ssp", help="Default: NAME.ssp; a folder without suffix.")
]
SspVersion = Annotated[
    str | None, typer.Option("--version", metavar="1.0|2.0", help="Of SSP. Default: the older that can say all.")
]
FmuTarget = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE.fmu", help="Default: NAME.fmu.")]
FmiVersion = Annotated[str, typer.Option("--fmi", metavar="2.0|3.0", help="Of the FMU that is written.")]
Expose = Annotated[
    list[str], typer.Option("--expose", metavar="COMP.VAR", help="Variables outside, with * and ?; repeatable.")
]
Converted = Annotated[Path, typer.Argument(metavar="OUT", help="OUT.yaml, OUT.ssp, or a folder for an SSP.")]
CheckpointEvery = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Simulated time between checkpoints, such as '10 min'; one more at the end."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in the folder of the run.")]
Threads = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Threads that step components. Default: what is fastest here.")
]
Interpreted = Annotated[
    bool, typer.Option("--interpreted", help="Make every step in Python: the same values to the bit, and slow.")
]
Speed = Annotated[
    float | None, typer.Option(metavar="FACTOR", help="Follow the clock: simulated seconds per second, 1: real time.")
]
Overruns = Annotated[
    str | None,
    typer.Option(
        metavar="continue|skip|stop", help="With --speed: what follows a step that is late. Default: continue."
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
