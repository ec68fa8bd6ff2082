"""The table of allowed connections, written out from section 5.3.2 of the SSP 2.0 text."""

from itertools import product

import pytest

from orchestrator.ssp.directions import End, allowed, end, forwards
from orchestrator.ssp.vocabulary import KINDS
from orchestrator.system.structure import DeclaredConnector

TABLE = """
System structuralParameter System calculatedParameter
System structuralParameter System output
System structuralParameter System local
System parameter System calculatedParameter
System parameter System output
System parameter System local
System input System output
System input System local
System structuralParameter Element structuralParameter
System structuralParameter Element parameter
System structuralParameter Element input
System structuralParameter Element inout
System parameter Element parameter
System parameter Element input
System parameter Element inout
System input Element input
System input Element inout
Element constant Element structuralParameter
Element constant Element parameter
Element constant Element input
Element constant Element inout
Element calculatedParameter Element parameter
Element calculatedParameter Element input
Element calculatedParameter Element inout
Element output Element input
Element output Element inout
Element local Element input
Element local Element inout
Element inout Element input
Element constant System constant
Element constant System calculatedParameter
Element constant System output
Element constant System local
Element calculatedParameter System calculatedParameter
Element calculatedParameter System output
Element calculatedParameter System local
Element output System output
Element output System local
Element local System output
Element local System local
Element inout System output
Element inout System local
"""
PAIRS = {
    (End(row[0].lower(), row[1]), End(row[2].lower(), row[3]))
    for row in (line.split() for line in TABLE.strip().splitlines())
}
ENDS = [End(owner, kind) for owner, kind in product(("system", "element"), KINDS) if kind != "unspecified"]


@pytest.mark.parametrize("source", ENDS)
@pytest.mark.parametrize("destination", ENDS)
def test_exactly_the_connections_of_the_table_are_allowed(source, destination):
    assert allowed(source, destination) == ((source, destination) in PAIRS)


@pytest.mark.parametrize("pair", sorted(PAIRS))
def test_the_direction_of_the_data_does_not_depend_on_start_and_end(pair):
    assert forwards(*pair) is True
    assert forwards(*reversed(pair)) is False


@pytest.mark.parametrize("known", ENDS)
@pytest.mark.parametrize("owner", ["system", "element"])
def test_a_connector_of_unspecified_kind_is_of_whatever_kind_the_table_needs(owner, known):
    wild = End(owner, "unspecified")
    as_source = any((wild._replace(kind=kind), known) in PAIRS for kind in KINDS)
    as_destination = any((known, wild._replace(kind=kind)) in PAIRS for kind in KINDS)
    assert allowed(wild, known) == as_source
    assert allowed(known, wild) == as_destination


def test_what_could_go_either_way_and_what_could_go_neither_are_told_apart():
    wild = End("element", "unspecified")
    with pytest.raises(ValueError, match="either way"):
        forwards(wild, wild)
    with pytest.raises(ValueError, match=r"an output of an element to an output of an element.*neither"):
        forwards(End("element", "output"), End("element", "output"))


def test_a_clock_that_ticks_by_itself_is_a_source_whatever_its_kind():
    periodic = DeclaredConnector(kind="input", type="Clock", interval_variability="constant")
    triggered = DeclaredConnector(kind="input", type="Clock", interval_variability="triggered")
    assert forwards(end("element", periodic), end("element", triggered))
