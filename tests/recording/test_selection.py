"""Selection: patterns over names."""

import pytest

from orchestrator.errors import DescriptionError
from orchestrator.recording.selection import observed, select
from orchestrator.system.connector import Causality
from tests.doubles import a_parameter, an_input, an_output, connector

INTERFACES = {
    "reactor": [
        connector("time", Causality.INDEPENDENT),
        an_input("feed"),
        an_output("S", size=3),
        an_output("V"),
        connector("wall", Causality.LOCAL),
        a_parameter("k", 1.0),
    ],
    "plc": [an_output("N[1]"), an_output("N[2]"), an_output("S1")],
}


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (None, "reactor.S[1] reactor.S[2] reactor.S[3] reactor.V plc.N[1] plc.N[2] plc.S1"),
        (["reactor.S"], "reactor.S[1] reactor.S[2] reactor.S[3]"),
        (["reactor.S[1]"], "reactor.S[1]"),
        (["*.S[*]"], "reactor.S[1] reactor.S[2] reactor.S[3]"),
        (["plc.S1", "reactor.V"], "reactor.V plc.S1"),
        (["plc.N"], "plc.N[1] plc.N[2]"),
        (["reactor.?"], "reactor.S[1] reactor.S[2] reactor.S[3] reactor.V reactor.k"),
        (["reactor.feed", "reactor.wall"], "reactor.feed reactor.wall"),
        ([], ""),
    ],
)
def test_patterns_choose_elements_in_the_order_of_the_interfaces(patterns: list[str] | None, names: str) -> None:
    assert [column.name for column in select(patterns, INTERFACES)] == names.split()


def test_where_there_is_no_output_all_locals_are_recorded() -> None:
    interfaces = {"alone": [an_input("u"), connector("V", Causality.LOCAL), a_parameter("k", 1.0)]}
    assert [column.name for column in select(None, interfaces)] == ["alone.V"]


def test_every_pattern_that_matches_nothing_is_reported_with_the_nearest_names() -> None:
    with pytest.raises(DescriptionError) as caught:
        select(["reactor.v", "reactor.V", "reactor.[SV]"], INTERFACES)
    first, second = str(caught.value).splitlines()
    assert first.startswith("record: 'reactor.v' matches no variable; did you mean 'reactor.V'")
    assert second.startswith("record: 'reactor.[SV]' matches no variable")


def test_locals_and_parameters_have_to_be_observed() -> None:
    columns = select(["reactor.*"], INTERFACES)
    assert observed(columns) == {"reactor": frozenset({"wall", "k"})}


@pytest.mark.parametrize("pattern", ["*" * 60 + "z", "*a" * 40 + "z", "*?" * 40 + "z"])
def test_many_wildcards_take_no_time(pattern: str) -> None:
    with pytest.raises(DescriptionError, match="matches no variable"):
        select([pattern], {"a": [an_output("a" * 60)]})


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ("*b*c", "a.abcbc"),
        ("*", "a.x"),
        ("**", "a.x"),
        ("a.*", "a.x"),
        ("*.?", "a.x"),
        ("a*b*", "a.ab"),
        ("a.x", "a.x"),
    ],
)
def test_stars_stand_for_any_characters_also_none(pattern: str, fits: str) -> None:
    (column,) = select([pattern], {"a": [an_output(fits.removeprefix("a."))]})
    assert column.name == fits
