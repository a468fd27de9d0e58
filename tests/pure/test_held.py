"""Where tasks are held survives being stored."""

from hypothesis import given
from hypothesis import strategies as st

from adapters.base import Held
from bench.model.cell_log import HeldRange, held_places, held_ranges

PLACES = st.dictionaries(
    st.integers(-5, 60),
    st.builds(Held, st.sampled_from(["queue", "unacked"]), st.booleans()),
    max_size=40,
)


@given(PLACES)
def test_what_was_packed_is_unpacked(places: dict[int, Held]) -> None:
    assert held_places(held_ranges(places)) == places


def test_a_backlog_is_one_line_and_unknown_stays_unknown() -> None:
    assert held_ranges({n: Held("queue") for n in range(20_000)}) == (
        HeldRange(place="queue", failed=False, tasks=((0, 19_999),)),
    )
    assert held_ranges(None) is None and held_places(None) is None
