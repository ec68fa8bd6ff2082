from cotwin.measurements import cost_table, hand_over_table, swap_table
from orchestrator.realtime.metering import MeterReading
from orchestrator.swap_report import Bump, Cost, HandOver, Mode, SwapReport

HAND_OVER = HandOver(
    t=600.0,
    newcomer="surrogate",
    way="restart",
    cause="median cost of a step",
    outputs=(Bump("kLa", 0.5, 0.002), Bump("V", 0.1, 1e-5)),
    states=(Bump("S", 1e-3, 0.04),),
)


def report(**changes):
    values = {
        "component": "reactor",
        "mode": Mode.FMU,
        "steps": {},
        "fmu": Cost(100, 16.6e-3, 26e-3),
        "surrogate": Cost(50, 160e-6, 0.4e-3),
        "hand_overs": (HAND_OVER,),
        "shadow_error": {"kLa": 0.01, "V": 0.002},
        "declined": None,
        "forced": False,
    }
    return SwapReport(**{**values, **changes})


def test_costs_are_in_microseconds_for_a_step_and_seconds_in_total():
    reading = MeterReading("reactor", 600, 9.0, 16.6e-3, 26.3e-3, 0.101, 1200, 0.02, 600, 0.01)
    assert cost_table([reading]).rows == [("reactor", "600", "9.03", "16600", "26300", "101000", "0.03")]


def test_a_table_of_costs_tells_where_they_are_estimates():
    exact = MeterReading("slow", 600, 9.0, 16.6e-3, 26.3e-3, 0.101, 1200, 0.02, 600, 0.01, timed=600)
    sampled = MeterReading("fast", 1_000_000, 1.0, 1e-6, 2e-6, 1e-5, 1_000_000, 0.0, 1_000_000, 0.0, timed=4711)
    assert "timed steps" not in cost_table([exact], 10.0).header
    table = cost_table([exact, sampled], 10.0)
    assert table.header[-1] == "timed steps"
    assert [row[-1] for row in table.rows] == ["all", "4711"]
    assert table.rows[1][:4] == ("fast", "1000000", "1", "10")


def test_a_hand_over_shows_its_largest_bump():
    (row,) = hand_over_table([report()]).rows
    assert row == ("600", "reactor", "surrogate", "restart", "median cost of a step", "0.002 (kLa)", "0.04 (S)")


def test_a_swap_shows_both_costs_the_speed_up_and_the_verdict():
    assert swap_table([report()]).rows == [("reactor", "16600", "160", "104", "0.01", "swapped")]
    assert swap_table([report(forced=True)]).rows[0][-1] == "forced"
    assert swap_table([report(declined="no gain, not swapped")]).rows[0][-1] == "no gain, not swapped"


def test_a_swap_that_was_never_due_has_no_numbers():
    idle = report(fmu=Cost(0, float("nan"), float("nan")), surrogate=Cost(0, 0.0, 0.0), hand_overs=(), shadow_error={})
    assert swap_table([idle]).rows == [("reactor", "", "", "", "", "not due")]
