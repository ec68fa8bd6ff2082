"""The command `cotwin`. Here is what is asked for; what it does lives elsewhere."""

from pathlib import Path
from typing import Annotated

import typer

from cotwin import __version__, options

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cotwin {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")]


@app.callback()
def cotwin(version: Version = False) -> None:  # noqa: ARG001 -- its callback prints it
    """Couple FMUs of a bioprocess plant, run them, and look at what came out.

    Exit codes: 0; 1 when a simulation fails (what was recorded is kept); 2 for a bad description, file or argument;
    130 after Ctrl-C, 143 after SIGTERM (what was recorded is kept).
    """
    from cotwin.terminal import tell_of_compiling

    tell_of_compiling()


@app.command()
def run(  # noqa: PLR0913 -- one for each option
    system: options.System,
    folder: options.Folder = None,
    stop: options.Stop = None,
    step: options.Step = None,
    settings: options.Settings = [],  # noqa: B006 -- typer copies it
    inputs: options.Inputs = [],  # noqa: B006 -- typer copies it
    scenario: options.Scenarios = [],  # noqa: B006 -- typer copies it
    variant: options.Variant = None,
    checkpoint_every: options.CheckpointEvery = None,
    resume: options.Resume = False,
    threads: options.Threads = None,
    speed: options.Speed = None,
    overruns: options.Overruns = None,
    interpreted: options.Interpreted = False,
    debug: options.Debug = False,
) -> None:
    """Run a system, or one FMU by its default experiment; write the record, plots and a report.

    A run with checkpoints that was killed or interrupted goes on with the same command and --resume.
    """
    from cotwin import terminal

    with terminal.errors_reported(debug, system):
        from cotwin.execution import Manner, execute
        from cotwin.preparation import Overrides, prepare
        from cotwin.resuming import asked, finished
        from cotwin.settings import settings_named

        manner = Manner.asked(threads, speed, overruns, interpreted=interpreted)
        with settings_named(settings):
            description = prepare(system, Overrides(stop, step, tuple(settings), tuple(inputs), variant))
            target = folder or Path("runs") / description.name
            resuming = asked(checkpoint_every, target, resume=resume)
            done = None if resuming.resume is None else finished(resuming.resume, description, target)
            if done is not None:
                terminal.say(done)
                return
            with terminal.ProgressBar(description.name, description.experiment.stop) as bar:
                outcome = execute(description, target, (bar,), scenario, resuming, manner)
        terminal.show_outcome(outcome, bar.elapsed)
        if outcome.interrupted_by is not None:
            going_on = "" if resuming.checkpoints(target) is None else "; --resume goes on from there"
            raise terminal.interrupted(outcome.interrupted_by, terminal.recorded(outcome) + going_on)
        if outcome.failure is not None:
            raise outcome.failure


@app.command()
def sweep(  # noqa: PLR0913 -- one for each option
    system: options.System,
    plan: options.PlanFile,
    folder: options.SweepFolder = None,
    jobs: options.Jobs = 1,
    stop: options.Stop = None,
    step: options.Step = None,
    settings: options.Settings = [],  # noqa: B006 -- typer copies it
    inputs: options.Inputs = [],  # noqa: B006 -- typer copies it
    scenario: options.Scenarios = [],  # noqa: B006 -- typer copies it
    variant: options.Variant = None,
    debug: options.Debug = False,
) -> None:
    """Run a system many times with other values; the same command goes on where it was ended."""
    from cotwin import terminal

    with terminal.errors_reported(debug, system):
        from cotwin.preparation import Overrides, prepare
        from cotwin.settings import settings_named
        from cotwin.sweep_report import made
        from cotwin.sweeping import check_names
        from cotwin.views import interfaces_of
        from orchestrator.system.sweep import read_plan

        with settings_named(settings):
            description = prepare(system, Overrides(stop, step, tuple(settings), tuple(inputs), variant))
        planned = read_plan(plan)
        interfaces_of(description)  # what is wrong with the system itself is not said of the plan
        with terminal.errors_reported(debug, plan):
            check_names(description, planned)
        target = folder or Path("runs") / f"{description.name}_sweep"
        if made(description, planned, target, jobs=jobs, scenarios=scenario):
            raise typer.Exit(terminal.FAILED)


@app.command()
def inspect(fmu: options.Fmu, json: options.Json = False, debug: options.Debug = False) -> None:
    """Show what an FMU says about itself, and where it violates the standard."""
    from cotwin import terminal

    with terminal.errors_reported(debug, fmu):
        from cotwin.inspection import as_data, inspected
        from orchestrator.fmi.variables import read_model

        model = read_model(fmu, validate=True)
        if json:
            terminal.show_json(as_data(model))
        else:
            terminal.show(inspected(model))


@app.command()
def validate(
    file: options.Checked, strict: options.Strict = False, variant: options.Variant = None, debug: options.Debug = False
) -> None:
    """Check an FMU or a system without running it; exit code 2 where something is wrong."""
    from cotwin import terminal

    with terminal.errors_reported(debug, file):
        from cotwin.validation import fails, finding_table, validated, verdict

        findings = validated(file, variant)
        terminal.show([finding_table(findings)])
        terminal.say(f"{file}: {verdict(findings, strict=strict)}")
        if fails(findings, strict=strict):
            raise typer.Exit(terminal.WRONG)


@app.command()
def explain(
    system: options.Explainable,
    variant: options.Variant = None,
    no_probe: options.NoProbe = False,
    page: options.Page = None,
    json: options.Json = False,
    debug: options.Debug = False,
) -> None:
    """Show what a system will do, or what the run in a folder has done and cost, and what to change.

    Before a run: order, delays, loops, stability, local error, with the algorithm and step size that fit. Components
    are opened and tried out from the start with rollback; with --no-probe nothing is run.
    """
    from cotwin import terminal

    with terminal.errors_reported(debug, system):
        from cotwin import explanation
        from cotwin.run_statistics import holds_run

        if holds_run(system):
            told = explanation.after_a_run(system)
        else:
            with terminal.StageBar("probing") as bar:
                told = explanation.before_a_run(system, variant, probing=not no_probe, told=bar.advance)
        if page is not None:
            explanation.write_page(told, page)
        if json:
            terminal.show_json(told.data)
            return
        terminal.show(told.tables)
        for line in (*told.notes, *([f"wrote {page}"] if page is not None else [])):
            terminal.say(line)


@app.command()
def graph(
    system: options.System,
    drawing: options.Drawing = None,
    variant: options.Variant = None,
    debug: options.Debug = False,
) -> None:
    """Draw a system: components in boxes coloured by stage, connections, loops marked. Nothing is run."""
    from cotwin import terminal

    with terminal.errors_reported(debug, system):
        from cotwin.preparation import Overrides, prepare
        from cotwin.system_picture import write_picture
        from cotwin.views import explained

        description = prepare(system, Overrides(variant=variant))
        path = write_picture(description.name, explained(description), drawing or Path(f"{description.name}.svg"))
        terminal.say(f"wrote {path}")


@app.command()
def diff(system: options.System, other: options.Other, debug: options.Debug = False) -> None:
    """Show what differs between two systems; exit code 1 where something does."""
    from cotwin import terminal

    with terminal.errors_reported(debug, system):
        from cotwin.comparison import difference_table
        from cotwin.preparation import Overrides, prepare
        from orchestrator.system.difference import differences

        found = differences(prepare(system, Overrides()), prepare(other, Overrides()))
        if not found:
            terminal.say(f"{system} and {other} describe the same")
            return
        terminal.show([difference_table(found, system, other)])
        raise typer.Exit(1)


@app.command("export-ssp")
def export_ssp(
    system: options.System,
    package: options.Package = None,
    version: options.SspVersion = None,
    variant: options.Variant = None,
    debug: options.Debug = False,
) -> None:
    """Write a system with its FMUs as an SSP package, for other tools; nothing is run."""
    from cotwin import terminal

    with terminal.errors_reported(debug, system):
        from cotwin import exporting
        from cotwin.preparation import Overrides, prepare

        description = prepare(system, Overrides(variant=variant))
        path = exporting.export_ssp(description, package or Path(f"{description.name}.ssp"), version)
        terminal.say(f"wrote {path}")


@app.command("export-fmu")
def export_fmu(  # noqa: PLR0913 -- one for each option
    system: options.System,
    target: options.FmuTarget = None,
    fmi: options.FmiVersion = "3.0",
    expose: options.Expose = [],  # noqa: B006 -- typer copies it
    stop: options.Stop = None,
    step: options.Step = None,
    settings: options.Settings = [],  # noqa: B006 -- typer copies it
    variant: options.Variant = None,
    debug: options.Debug = False,
) -> None:
    """Write a whole system as one FMU for Co-Simulation that runs in any tool, with its components inside.

    For example: cotwin export-fmu plant.yaml -o plant.fmu --fmi 2.0 --expose 'reactor.*' --expose plc.DO_set
    """
    from cotwin import terminal

    with terminal.errors_reported(debug, system):
        from cotwin.preparation import Overrides, prepare
        from cotwin.settings import settings_named
        from orchestrator.export.container import export_fmu

        with settings_named(settings):
            description = prepare(system, Overrides(stop, step, tuple(settings), (), variant))
        done = export_fmu(description, target or Path(f"{description.name}.fmu"), version=fmi, expose=expose)
        for line in done.left_out:
            terminal.warn(line)
        count = len(description.components)
        parts = f"{count} component{'s' if count != 1 else ''}"
        terminal.say(f"wrote {done.path}: FMI {fmi}, {parts}, {done.variables} variables")


@app.command()
def convert(
    system: options.System,
    target: options.Converted,
    version: options.SspVersion = None,
    variant: options.Variant = None,
    debug: options.Debug = False,
) -> None:
    """Write a system in the format of OUT: YAML from SSP, SSP from YAML."""
    from cotwin import terminal

    with terminal.errors_reported(debug, system):
        from cotwin import exporting

        terminal.say(f"wrote {exporting.convert(system, target, version=version, variant=variant)}")


@app.command()
def schema(target: options.SchemaTarget = None) -> None:
    """Print the JSON schema of system files, for editors that complete and check them."""
    from json import dumps

    from orchestrator.system.json_schema import json_schema

    text = dumps(json_schema(), indent=2)
    if target is None:
        typer.echo(text)
        return
    try:
        target.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise typer.BadParameter(f"{target}: cannot be written ({error.strerror})") from error
    typer.echo(f"wrote {target}")


@app.command()
def new(fmus: options.FmuFolder, target: options.Target = None, debug: options.Debug = False) -> None:
    """Draft a system from the FMUs of a folder: connections with a confidence, candidates, open inputs."""
    from cotwin import terminal

    with terminal.errors_reported(debug, fmus):
        from cotwin.drafting import draft_table, drafted, write
        from cotwin.validation import finding_table, validated, verdict

        path = target or fmus / "system.yaml"
        draft = drafted(fmus, path)
        write(draft, path)
        terminal.show([draft_table(draft)])
        findings = validated(path)
        terminal.show([finding_table(findings)])
        for problem in draft.unreadable:
            terminal.warn(f"left out: {problem}")
        terminal.say(f"wrote {path}, {verdict(findings, strict=False)}")


@app.command()
def plot(
    record: options.Record, names: options.Names, picture: options.Picture = None, debug: options.Debug = False
) -> None:
    """Draw recorded variables over time."""
    from cotwin import terminal

    with terminal.errors_reported(debug, record):
        from cotwin.execution import draw

        terminal.say(f"wrote {draw(record, names, picture or record.with_suffix('.png'))}")


def main() -> None:
    """Entry point of the command."""
    app()


if __name__ == "__main__":
    main()
