"""A table as an instance, without FMUs: interpolation, holding, and the side of a jump."""

import numpy as np
import pytest

from orchestrator.errors import CapabilityError
from orchestrator.inputs.feeding import fed_by
from orchestrator.inputs.instance import InputInstance, Output
from orchestrator.inputs.table import table_instance
from orchestrator.instance import Bundle
from orchestrator.system.connector import Causality, Connector, Storage, Variability
from orchestrator.system.description import Component, Experiment, SystemDescription
from orchestrator.system.structure import DeclaredConnector, Subsystem
from orchestrator.system.tables import read_table

KINDS = {"f": Storage.FLOAT64, "n": Storage.INT64, "b": Storage.BOOLEAN, "s": Storage.STRING, "x": Storage.BINARY}


def instance(folder, text):
    (folder / "u.csv").write_text(text)
    table = read_table(folder / "u.csv")
    wanted = {
        name: Connector(
            name,
            Causality.INPUT,
            storage,
            0,
            variability=Variability.CONTINUOUS if name == "f" else Variability.DISCRETE,
        )
        for name, storage in KINDS.items()
    }
    return table_instance("inputs", table, wanted, lambda name: pytest.fail(name))


def values(one):
    def read(connector):
        bundle = Bundle.of([connector])
        cells = np.empty(1, dtype=connector.storage.dtype)
        one.get(bundle, cells)
        return cells[0]

    return tuple(read(connector) for connector in one.connectors)


TEXT = "time,f,n,b,s\n0,0,1,false,a\n1,10,2,true,b\n1,20,2,true,b\n3,40,5,false,c\n"


def test_floats_are_linear_and_everything_else_is_held(tmp_path):
    one = instance(tmp_path, TEXT)
    one.enter_initialization(0.0, None, None)
    one.do_step(0.0, 0.5)
    assert values(one) == (5.0, 1, False, "a")
    one.do_step(0.5, 1.5)
    assert values(one) == (30.0, 2, True, "b")


def test_up_to_its_event_a_jump_is_not_made_and_afterwards_it_is(tmp_path):
    one = instance(tmp_path, TEXT)
    one.enter_initialization(0.0, None, None)
    assert one.event_mode.next_time == 1.0
    one.do_step(0.0, 0.1 * 10 + 1e-12)
    assert values(one) == (10.0, 1, False, "a")
    assert one.event_mode.next_time == 1.0
    one.event_mode.enter(1.0)
    assert values(one) == (20.0, 2, True, "b")
    assert one.event_mode.next_time == 3.0, "the held values change there"


def test_bytes_are_held_and_jump_as_text_does(tmp_path):
    one = instance(tmp_path, "time,x\n0,00\n1,00\n2,ff01\n")
    one.enter_initialization(0.0, None, None)
    assert one.event_mode.next_time == 2.0
    one.do_step(0.0, 1.5)
    assert values(one) == (b"\0",)
    one.do_step(1.5, 0.5)
    one.event_mode.enter(2.0)
    assert values(one) == (b"\xff\x01",)


def test_a_start_at_a_jump_has_the_values_after_it(tmp_path):
    one = instance(tmp_path, TEXT)
    one.enter_initialization(1.0, None, None)
    assert values(one) == (20.0, 2, True, "b")


def test_a_table_without_jumps_has_no_events(tmp_path):
    assert instance(tmp_path, "time,f\n0,0\n1,1\n5,3\n").event_mode is None


def test_a_kept_state_is_the_time_and_the_side_of_a_jump(tmp_path):
    one = instance(tmp_path, TEXT)
    one.enter_initialization(0.0, None, None)
    one.do_step(0.0, 1.0)
    kept = one.save_state()
    one.event_mode.enter(1.0)
    one.do_step(1.0, 1.5)
    one.restore_state(kept)
    assert values(one) == (10.0, 1, False, "a")
    assert one.event_mode.next_time == 1.0


def test_bytes_of_a_kept_state_are_taken_by_another_instance_and_others_are_refused(tmp_path):
    one, other = instance(tmp_path, TEXT), instance(tmp_path, TEXT)
    assert one.capabilities.serialize_state
    for each in (one, other):
        each.enter_initialization(0.0, None, None)
    one.do_step(0.0, 1.0)
    other.restore_state(other.deserialize_state(one.serialize_state(one.save_state())))
    assert values(other) == values(one) == (10.0, 1, False, "a")
    assert other.event_mode.next_time == 1.0
    with pytest.raises(CapabilityError, match="3 bytes are no time of it"):
        other.deserialize_state(b"abc")


def test_the_next_event_is_looked_for_once_for_each_event_and_anew_after_going_back(tmp_path):
    class Counted:
        calls = 0

        def value(self, t, *, after):
            return 0.0

        def next_event(self, t, *, after):
            self.calls += 1
            return next((time for time in (1.0, 2.0) if t < time or (t == time and not after)), None)

        def slope(self, t):
            return 0.0

    course = Counted()
    one = InputInstance("u", [Output(Connector("f", Causality.OUTPUT, Storage.FLOAT64, 0), course)], {}, "made here")
    one.enter_initialization(0.0, None, None)
    kept, course.calls, seen = one.save_state(), 0, []
    for step in range(1, 25):
        one.do_step((step - 1) / 8, 1 / 8)
        seen.append(one.event_mode.next_time)
        if step % 8 == 0:
            one.event_mode.enter(step / 8)
    assert seen == [1.0] * 8 + [2.0] * 8 + [None] * 8
    assert course.calls <= 4
    one.restore_state(kept)
    assert one.event_mode.next_time == 1.0


def test_nothing_can_be_set(tmp_path):
    one = instance(tmp_path, TEXT)
    with pytest.raises(CapabilityError, match=r"the table u\.csv: nothing of it can be set; change it there"):
        one.set(Bundle.of(one.connectors[:1]), np.zeros(1))


def test_columns_take_the_type_of_what_they_feed_through_nested_systems_and_in_parts():
    def described(*connections):
        ends = [[end.split(".") for end in one.split(" -> ")] for one in connections]
        return SystemDescription(
            name="fed",
            components={name: Component(source=name) for name in ("inputs", "cooling/pump")},
            connections=[
                {"source": dict(zip(keys, one, strict=True)), "destination": dict(zip(keys, other, strict=True))}
                for one, other in ends
            ],
            experiment=Experiment(stop=1.0),
            step_size=1.0,
            subsystems={"cooling": Subsystem(connectors={"n": DeclaredConnector(kind="input")})},
        )

    keys = ("component", "connector")
    level = Connector("n", Causality.INPUT, Storage.INT64, 0)
    flows = Connector("S", Causality.INPUT, Storage.FLOAT64, 1, shape=(4,))
    interfaces = {"cooling/pump": [level, flows]}
    through = described("inputs.level -> cooling.n", "cooling.n -> cooling/pump.n")
    assert fed_by("inputs", ["level"], through, interfaces) == {"level": level}
    parts = described("inputs.S[2:3] -> cooling/pump.S[1:2]", "inputs.x -> cooling.n")
    columns = ["S[1]", "S[2]", "S[3]", "x"]
    assert fed_by("inputs", columns, parts, interfaces) == {"S[2]": flows, "S[3]": flows}
