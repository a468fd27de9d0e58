"""The judges of priorities and of several queues."""

from collections.abc import Sequence

from bench.model.feature_outcome import BROKEN, PARTLY, WORKS, Judgement, Observation

CLEAN, USEFUL = 0.01, 0.35  # shares of inverted pairs: as good as none; most of the order kept


def inversions(order: Sequence[int]) -> tuple[int, int]:
    """(pairs of unlike levels that ran the wrong way round, all pairs of unlike levels).

    Larger = more urgent, so the order should fall.
    """
    wrong = total = 0
    earlier: dict[int, int] = {}
    for level in order:
        wrong += sum(count for other, count in earlier.items() if other < level)
        total += sum(count for other, count in earlier.items() if other != level)
        earlier[level] = earlier.get(level, 0) + 1
    return wrong, total


def levels(observed: Observation) -> Judgement:
    """`order` = the levels as they started (larger = more urgent), `asked`.

    The least urgent were enqueued first.
    """
    order = observed["order"]
    if len(order) != observed["asked"]:
        return Judgement(BROKEN, f"{len(order)} of {observed['asked']} ran")
    wrong, total = inversions(order)
    share = wrong / total
    figures = {"inverted_pairs": float(wrong), "inverted_share": share}
    text = f"{wrong:,} of {total:,} pairs ran the wrong way round"
    if share <= CLEAN:
        return Judgement(WORKS, text, figures)
    if share <= USEFUL:
        return Judgement(
            PARTLY, f"{text}: some had been fetched before the urgent ones came", figures
        )
    return Judgement(BROKEN, f"{text}: priority has no effect to speak of", figures)


def routing(observed: Observation) -> Judgement:
    """`asked` and `ran`: queue → how many of its tasks ran at the worker of that queue."""
    strays = {
        queue: count - observed["ran"].get(queue, 0)
        for queue, count in observed["asked"].items()
        if observed["ran"].get(queue, 0) != count
    }
    if strays:
        return Judgement(BROKEN, f"not at the worker of their queue: {strays}")
    return Judgement(
        WORKS, f"all {sum(observed['asked'].values())} ran at the worker of their queue"
    )


def starvation(observed: Observation) -> Judgement:
    """`first` and `second`: how many of each queue ran while the first was kept full.

    `after` = how many of the second ran once the first was empty.
    """
    share = observed["second"] / (observed["first"] + observed["second"])
    figures = {"second_share": share}
    if observed["second"] == 0:
        if not observed["after"]:
            return Judgement(
                BROKEN, "nothing of the second queue ran, not even when the first was empty"
            )
        return Judgement(
            PARTLY,
            "the second queue waits until the first is empty: "
            f"0 of {observed['first']} runs were its own",
            figures,
        )
    return Judgement(
        WORKS,
        f"the second queue had {observed['second']} "
        f"of {observed['first'] + observed['second']} runs",
        figures,
    )


JUDGES = {"priority.levels": levels, "queues.routing": routing, "queues.starvation": starvation}
