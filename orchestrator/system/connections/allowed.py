"""Which kinds of connectors may be connected: SSP 2.0, table "Allowed Connections".

A connector belongs to the system around a connection (`system`), or to something in that system (`element`): the input
of a nested system is a source for what is in it and a destination for what is around it.
"""

from typing import Final, Literal, NamedTuple

from orchestrator.system.connector import Causality, Connector, Variability

Owner = Literal["system", "element"]

_TABLE: Final = """
system structuralParameter -> system calculatedParameter output local
system parameter           -> system calculatedParameter output local
system input               -> system output local
system structuralParameter -> element structuralParameter parameter input inout
system parameter           -> element parameter input inout
system input               -> element input inout
element constant            -> element structuralParameter parameter input inout
element calculatedParameter -> element parameter input inout
element output              -> element input inout
element local               -> element input inout
element inout               -> element input
element constant            -> system constant calculatedParameter output local
element calculatedParameter -> system calculatedParameter output local
element output              -> system output local
element local               -> system output local
element inout               -> system output local
"""


class Side(NamedTuple):
    """One end of a connection: its name, the kind of its connector and whose connector it is.

    `place` is where a value for it is given in a description, `tunable` whether it may change during a run.
    """

    name: str
    kind: str
    owner: Owner
    place: str = "parameters"
    tunable: bool = True


def _rows() -> frozenset[tuple[str, str, str, str]]:
    rows: set[tuple[str, str, str, str]] = set()
    for line in _TABLE.strip().splitlines():
        (owner, kind), (other, *kinds) = (part.split() for part in line.split("->"))
        rows.update((owner, kind, other, each) for each in kinds)
    return frozenset(rows)


ALLOWED: Final = _rows()
"""Owner and kind of the source, owner and kind of the destination."""


def kind_of(connector: Connector, declared: str | None) -> str:
    """The kind of a component's connector.

    FMI forbids the use of locals elsewhere, SSP 2.0 connects those that are declared as connectors of the kind `local`.
    """
    if connector.causality is not Causality.LOCAL:
        return str(connector.causality)
    if connector.variability is Variability.CONSTANT:
        return "constant"
    return "local" if declared == "local" else "undeclared local"


def refusals(source: Side, destination: Side, *, as_parameter: bool) -> list[str]:
    """Why the source may not be connected to the destination, with the remedies; nothing where it may.

    With `as_parameter` a parameter may be what only an input may be otherwise.
    """
    kind = "input" if as_parameter and destination.kind == "parameter" else destination.kind
    begins = [row for row in ALLOWED if row[0] == source.owner and _fits(source.kind, row[1])]
    ends = [row for row in ALLOWED if row[2] == destination.owner and _fits(kind, row[3])]
    if set(begins) & set(ends):
        return []
    problems = [] if begins else [_no_source(source)]
    problems += [] if ends and not (begins and kind == "parameter") else [_no_destination(source, destination)]
    return problems or [
        f"the destination {_described(destination)}, which takes no value of '{source.name}' ({source.kind}); connect "
        f"{' or '.join(sorted({row[3] for row in begins if row[2] == destination.owner}))}"
    ]


def _no_source(source: Side) -> str:
    if source.owner == "system":
        return (
            f"the source {_described(source)} of the system around it, which takes a value there and gives none; "
            "connect an input or a parameter of that system, or turn the connection round"
        )
    return f"the source {_described(source)}, not an output; {_source_remedy(source)}"


def _no_destination(source: Side, destination: Side) -> str:
    if destination.owner == "system":
        return (
            f"the destination {_described(destination)} of the system around it, which gives a value there and takes "
            "none; connect an output of that system, or turn the connection round"
        )
    return f"the destination {_described(destination)}, not an input; {_destination_remedy(source, destination)}"


def _fits(kind: str, wanted: str) -> bool:
    return kind in (wanted, "unspecified")


def _described(side: Side) -> str:
    kind = side.kind.removeprefix("undeclared ")
    return f"'{side.name}' is {'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _source_remedy(source: Side) -> str:
    if source.kind in ("parameter", "structuralParameter"):
        return "give its value to the destination under 'parameters' instead"
    if source.kind == "undeclared local":
        return (
            "local variables can be recorded but not connected; export the FMU with it as an output, or declare it "
            "under 'connectors' with the kind local"
        )
    return "connect an output"


def _destination_remedy(source: Side, destination: Side) -> str:
    if destination.kind == "parameter":
        opt_in = ", or let 'as_parameter: true' of the connection set it at every communication point"
        return f"FMI connects no parameters: set it under '{destination.place}'{opt_in if destination.tunable else ''}"
    if destination.kind in ("structuralParameter", "calculatedParameter"):
        return f"FMI connects no parameters: set it under '{destination.place}'"
    if destination.kind == "output" and source.owner == destination.owner == "element":
        return "connections read 'source -> destination': is this one written backwards?"
    return "connect an input"
