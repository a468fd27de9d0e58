"""One verdict for a cell: which of two stands."""

from bench.measure.figures import judged
from bench.model.metric import Measure

MEASURES = [
    Measure("throughput", 100.0),
    Measure("lost", 3.0),
    Measure("bulk_enqueue_rate", None, "not_offered", "no bulk call"),
]


def verdicts(invalid: str, wrong: str) -> dict[str, tuple[str, float | None]]:
    return {m.metric: (m.verdict, m.value) for m in judged(MEASURES, invalid, wrong)}


def test_a_fit_and_right_cell_keeps_its_measures() -> None:
    assert judged(MEASURES, "", "") == MEASURES


def test_an_unfit_cell_has_no_values() -> None:
    found = verdicts("foreign load: 9 %", "")
    assert found["throughput"] == ("invalid", None) and found["lost"] == ("invalid", None)
    assert found["bulk_enqueue_rate"][0] == "not_offered"


def test_a_wrong_cell_keeps_its_counts_and_gives_no_speed() -> None:
    found = verdicts("", "3 lost")
    assert found["throughput"] == ("wrong", None) and found["lost"] == ("wrong", 3.0)


def test_a_loss_on_a_noisy_machine_is_still_a_loss() -> None:
    assert verdicts("foreign load: 9 %", "3 lost")["lost"] == ("wrong", 3.0)
    assert "foreign load" in judged(MEASURES, "foreign load: 9 %", "3 lost")[1].reason


def test_events_that_cannot_be_believed_prove_no_loss() -> None:
    assert verdicts("events: 2 torn records", "3 lost")["lost"] == ("invalid", None)
