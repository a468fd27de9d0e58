"""Where tasks are held survives being stored."""

from hypothesis import given
from hypothesis import strategies as st

from bench import held

PLACES = st.dictionaries(
    st.integers(-5, 60).map(str), st.fixed_dictionaries({"place": st.sampled_from(["queue", "unacked"]), "failed": st.booleans()}), max_size=40
)


@given(PLACES)
def test_what_was_packed_is_unpacked(places: dict[str, dict[str, object]]) -> None:
    assert held.unpacked(held.packed(places)) == places


def test_a_backlog_is_one_line_and_unknown_stays_unknown() -> None:
    assert held.packed({str(n): {"place": "queue", "failed": False} for n in range(20_000)}) == [{"place": "queue", "failed": False, "tasks": [[0, 19_999]]}]
    assert held.packed(None) is None and held.unpacked(None) is None
