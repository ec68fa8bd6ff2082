from hypothesis import given
from hypothesis import strategies as st

from orchestrator.system.connections.substitution import UNCHANGED, Substitution

small = st.integers(-3, 3)
substitutions = st.builds(
    lambda entries, total: Substitution.of(entries, total=total), st.dictionaries(small, small), st.booleans()
)


def passed(value, *substitutions):
    for substitution in substitutions:
        value = None if value is None else substitution(value)
    return value


@given(substitutions, substitutions, st.integers(-5, 5))
def test_a_composition_does_one_after_the_other(first, second, value):
    assert passed(value, first.then(second)) == passed(value, first, second)


@given(substitutions, substitutions, substitutions, st.integers(-5, 5))
def test_compositions_are_associative(a, b, c, value):
    assert passed(value, a.then(b).then(c)) == passed(value, a.then(b.then(c)))


@given(substitutions)
def test_unchanged_is_the_neutral_element(one):
    assert UNCHANGED.then(one) == one.then(UNCHANGED) == one


def test_what_changes_nothing_is_seen():
    assert Substitution.of({1: 1, 2: 2}).changes_nothing
    assert not Substitution.only([0, 1]).changes_nothing
    assert Substitution.of({0: 1, 1: 0}).then(Substitution.of({0: 1, 1: 0})).changes_nothing
