"""The models of the Model Exchange toys: variables, and their equations and events in C."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Toy:
    """Variables `x...` (states first, then their derivatives, then `others`: name -> attributes), and C of the model.

    In the C, `r[k]` is the value of variable k, `m->t` the time; `start` sets it up, `rates` computes the derivatives
    and outputs, `look` the indicators z, `update` handles an event, `completed` answers a completed step with 1 where
    it wants one; `keeping` and `returning` are the statuses of keeping a state and of going back to one.
    """

    states: tuple[str, ...]
    others: dict[str, str]
    start: str = ""
    rates: str = ""
    look: str = ""
    update: str = ""
    completed: str = "return 0;"
    indicators: int = 0
    keeping: str = "0"
    returning: str = "0"

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.states, *(f"der({name})" for name in self.states), *self.others)


LOCAL = 'causality="local"'
OUTPUT = 'causality="output"'
DISCRETE = 'causality="output" variability="discrete"'
INPUT = 'causality="input" start="0"'
JUMPS = 'causality="input" variability="discrete" start="0"'
FIXED = 'causality="parameter" variability="fixed" start="1"'
TUNABLE = 'causality="parameter" variability="tunable" start="1"'

TOYS = {
    # A ball falls from 1 m and keeps 0.7 of its speed at each bounce.
    "ball": Toy(
        ("h", "v"),
        {"bounces": DISCRETE, "last": DISCRETE},
        start="r[0] = 1; r[1] = 0;",
        rates="r[2] = r[1]; r[3] = -9.81;",
        look="z[0] = r[0];",
        update="if (r[0] <= 0 && r[1] < 0) { r[1] = -0.7 * r[1]; r[4] += 1; r[5] = m->t; m->values = 1; }",
        indicators=1,
    ),
    # A relay with hysteresis heats towards 2 until 1.2 and lets cool towards 0 until 0.8.
    "relay": Toy(
        ("x",),
        {"on": DISCRETE, "last": DISCRETE, "events": DISCRETE},
        start="r[0] = 0; r[2] = 1;",
        rates="r[1] = r[2] > 0 ? 2 - r[0] : -r[0];",
        look="z[0] = r[2] > 0 ? r[0] - 1.2 : 0.8 - r[0];",
        update="r[4] += 1; double z[1]; look(m, z); if (z[0] > 0) { r[2] = 1 - r[2]; r[3] = m->t; }",
        indicators=1,
    ),
    # No states: every 0.1 s u is added, whenever it changes the change is counted.
    "scan": Toy(
        (),
        {"u": JUMPS, "sum": DISCRETE, "last": DISCRETE, "changes": DISCRETE, "double": OUTPUT},
        start="m->defined = 1; m->next = 0.1; m->memory = 0;",
        rates="r[4] = 2 * r[0];",
        update="if (r[0] != m->memory) { m->memory = r[0]; r[3] += 1; }"
        "if (m->t >= m->next) { r[1] += r[0]; r[2] = m->t; m->next = ++m->count * 0.1 + 0.1; }",
    ),
    # Time only: no states, but an indicator in time, sin t.
    "sine": Toy(
        (),
        {"crossings": DISCRETE, "last": DISCRETE},
        look="z[0] = sin(m->t);",
        update="if (m->t > 0) { r[0] += 1; r[1] = m->t; }",
        indicators=1,
    ),
    # No states: an event where u passes 0.5.
    "threshold": Toy(
        (),
        {"u": INPUT, "last": DISCRETE, "events": DISCRETE, "n": JUMPS},
        look="z[0] = r[0] - 0.5;",
        update="r[2] += 1; r[1] = m->t;",
        indicators=1,
    ),
    # x' = u; a step event whenever x has passed the next integer, told by the completed step.
    "stairs": Toy(
        ("x",),
        {"u": INPUT, "level": DISCRETE, "gain": TUNABLE, "size": FIXED, "y": OUTPUT},
        rates="r[1] = r[4] * r[2]; r[6] = r[0] + r[2];",
        update="r[3] = floor(r[0] / r[5]);",
        completed="return floor(r[0] / r[5]) > r[3];",
    ),
    # x' = -1 from 1, refused below 0 unless an event at 0 turns it round; k = 1: error instead, k = 2: not finite.
    "wall": Toy(
        ("x",),
        {"k": FIXED},
        start="r[0] = 1;",
        rates="if (r[0] < 0) { if (r[2] == 2) r[1] = sqrt(r[0]); else FAIL(r[2] < 0 ? r[2] : r[2] == 1 ? 3 : 2); } "
        "else r[1] = -1;",
    ),
    # x' = 1; k = 1: an event never ends (5: the first), 2: time events without progress, 3: ends the run at 0.5, 4: at
    # a step.
    "endless": Toy(
        ("x",),
        {"k": FIXED},
        rates="r[1] = 1; m->failed = 0;",
        look="z[0] = r[0] - 0.5;",
        update="int late = r[0] >= 0.5; m->again = r[2] == 5 || r[2] == 1 && late; m->ended = r[2] == 3 && late;"
        "m->defined = r[2] == 2 && late; m->next = m->t;",
        completed="m->ended = r[2] == 4 && r[0] > 0.25; return 0;",
        indicators=1,
    ),
    # x' = u - x; every update of the discrete states is a warning, and an error from the one numbered k on, if k > 0.
    "grumbler": Toy(
        ("x",),
        {"u": INPUT, "updates": DISCRETE, "k": FIXED, "y": OUTPUT},
        rates="r[1] = r[2] - r[0]; r[5] = r[0];",
        update="r[3] += 1; FAIL(r[4] > 0 && r[3] >= r[4] ? 3 : 1);",
    ),
    # x' = u - x from 1, y = x.
    "lag": Toy(("x",), {"u": INPUT, "y": OUTPUT}, start="r[0] = 1;", rates="r[1] = r[2] - r[0]; r[3] = r[0];"),
    # The same, which answers k to keeping a state, or to going back to one, from 0.5 on.
    "forgetful": Toy(
        ("x",),
        {"u": INPUT, "y": OUTPUT, "k": FIXED},
        start="r[0] = 1;",
        rates="r[1] = r[2] - r[0]; r[3] = r[0];",
        keeping="m->t >= 0.5 ? (int) r[4] : 0",
    ),
    "stubborn": Toy(
        ("x",),
        {"u": INPUT, "y": OUTPUT, "k": FIXED},
        start="r[0] = 1;",
        rates="r[1] = r[2] - r[0]; r[3] = r[0];",
        returning="m->t >= 0.5 ? (int) r[4] : 0",
    ),
    # Van der Pol with mu = 1000.
    "stiff": Toy(("x", "y"), {}, start="r[0] = 2;", rates="r[2] = r[1]; r[3] = 1000 * (1 - r[0]*r[0]) * r[1] - r[0];"),
    # A fed-batch without inputs and outputs: V' = F0 exp(k t); the dissolved gas C follows 1e4 times faster.
    "fed_batch": Toy(
        ("V", "X", "C"),
        {"F0": FIXED, "k": FIXED, "mu": LOCAL, "factor": FIXED},
        start="r[0] = 2; r[1] = 0.5; r[2] = 0; if (r[9] != 3) FAIL(3);",
        rates="double F = r[6] * exp(r[7] * m->t); r[8] = 0.3 * r[2] / (0.1 + r[2]); r[3] = F;"
        "r[4] = r[8] * r[1] - F / r[0] * r[1]; r[5] = 1e4 * (1 - r[2]) - r[8] * r[1];",
    ),
}
