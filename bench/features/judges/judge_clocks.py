"""Whatever goes by the clock: periodic tasks, delays, retries, limits, cancelling, locks."""

import itertools
import statistics

from bench.inprocess.trials.spans import most
from bench.model.feature_outcome import BROKEN, PARTLY, WORKS, Judgement, Observation

EARLY_S = 0.01  # the wall clock's resolution and a stamp taken late
SOON_S = 2.0  # what ends or begins within this is taken as prompt
SLOT_BACK_S = 6.0


def fires(observed: Observation) -> Judgement:
    """`period_s`, `fired_s` (seconds of the wall clock), `wanted`."""
    times, period = sorted(observed["fired_s"]), float(observed["period_s"])
    if len(times) < observed["wanted"]:
        return Judgement(BROKEN, f"fired {len(times)} of {observed['wanted']} times")
    gaps = [b - a for a, b in itertools.pairwise(times)]
    jitter = max(abs(gap - period) for gap in gaps) * 1000
    text = f"{len(times)} firings, {period:g} s apart, at most {jitter:.0f} ms off"
    # Two schedulers of the same period leave gaps of half a period at most, whatever lies between
    # them.
    if any(gap > 1.6 * period or gap < 0.6 * period for gap in gaps):
        return Judgement(BROKEN, f"{text}: one was left out or came twice", {"jitter_ms": jitter})
    if period >= 60:
        after_full = times[0] % period
        text += f", {after_full:.0f} s after the full minute; a minute is the finest period"
        return Judgement(
            PARTLY,
            text,
            {"jitter_ms": jitter, "period_s": period, "after_full_minute_s": after_full},
        )
    return Judgement(WORKS, text, {"jitter_ms": jitter, "period_s": period})


def once(observed: Observation) -> Judgement:
    """`periods` = how many went by, `two_workers` and `two_schedulers` = fired more than once."""
    if observed["periods"] < 1:
        return Judgement(BROKEN, "it never fired")
    if observed["two_workers"]:
        return Judgement(
            BROKEN,
            f"with two workers {observed['two_workers']} of {observed['periods']} firings "
            "came twice",
        )
    if observed["two_schedulers"]:
        return Judgement(
            PARTLY,
            "once with two workers, but two schedulers fire twice "
            f"({observed['two_schedulers']} of {observed['periods']}): only one may run",
        )
    return Judgement(WORKS, f"each of {observed['periods']} firings came once")


def missed(observed: Observation) -> Judgement:
    """`away_periods` = periods without a scheduler, `again` = firings after the restart.

    `made_up` = those of them beside the regular ones.
    """
    if not observed["again"]:
        return Judgement(BROKEN, "after the restart it did not fire any more")
    text = (
        f"fires again after the restart; {observed['away_periods']:.0f} firings were missed, "
        f"{observed['made_up']} came beside the regular ones"
    )
    return Judgement(WORKS, text, {"made_up": float(observed["made_up"])})


def eta(observed: Observation) -> Judgement:
    """`asked`, `late_s` = start minus due of each that ran."""
    late = sorted(observed["late_s"])
    if len(late) != observed["asked"]:
        return Judgement(BROKEN, f"{len(late)} of {observed['asked']} ran")
    figures = {"late_p50_ms": statistics.median(late) * 1000, "late_max_ms": late[-1] * 1000}
    text = (
        f"began {figures['late_p50_ms']:.0f} ms after they were due (median), "
        f"at most {figures['late_max_ms']:.0f} ms"
    )
    if late[0] < -EARLY_S:
        return Judgement(
            PARTLY,
            f"{text}; {sum(each < -EARLY_S for each in late)} began "
            f"up to {-late[0] * 1000:.0f} ms too early",
            figures,
        )
    if figures["late_p50_ms"] > 1000 * SOON_S:
        return Judgement(PARTLY, f"{text}: seconds late", figures)
    return Judgement(WORKS, text, figures)


def expiry(observed: Observation) -> Judgement:
    """`ran` = the names of what ran: the one that had expired and the one that had not."""
    if "fresh" not in observed["ran"]:
        return Judgement(BROKEN, "the task that had not expired did not run either")
    if "expired" in observed["ran"]:
        return Judgement(BROKEN, "it ran though it had expired")
    return Judgement(WORKS, "left out; one that had not expired ran")


def retry(observed: Observation) -> Judgement:
    """`asked_s` = the pauses asked for, `gaps_s` = those measured, `finished`."""
    asked, gaps = observed["asked_s"], observed["gaps_s"]
    shown = ", ".join(f"{gap:.2f}" for gap in gaps)
    text = f"pauses of {shown} s where {', '.join(f'{each:g}' for each in asked)} s were asked for"
    if len(gaps) != len(asked):
        return Judgement(BROKEN, f"run {len(gaps) + 1} of {len(asked) + 1} times")
    if not observed["finished"]:
        return Judgement(BROKEN, f"{text}; it never finished")
    figures = {"late_max_ms": max(gap - want for gap, want in zip(gaps, asked, strict=True)) * 1000}
    if any(gap > want + SOON_S for gap, want in zip(gaps, asked, strict=True)):
        return Judgement(BROKEN, f"{text}: much too late", figures)
    if any(gap < want - 0.1 for gap, want in zip(gaps, asked, strict=True)):
        return Judgement(PARTLY, f"{text}: too early", figures)
    return Judgement(WORKS, text, figures)


def hard(observed: Observation) -> Judgement:
    """`limit_s`, `finished` = the task came to its own end.

    `next_s` = seconds from its start until another ran in the same slot, or None.
    """
    if observed["finished"]:
        return Judgement(BROKEN, "the task ran on to its own end: the limit did nothing")
    if observed["next_s"] is None:
        return Judgement(BROKEN, "the task holds its slot: nothing ran after it")
    figures = {"slot_free_s": float(observed["next_s"])}
    text = f"limit {observed['limit_s']:g} s, the slot worked on after {observed['next_s']:.1f} s"
    # Not a matter of a second or two: Celery's pool at times needs five to notice that its child
    # is gone.
    return Judgement(
        WORKS if observed["next_s"] <= observed["limit_s"] + SLOT_BACK_S else PARTLY, text, figures
    )


def soft(observed: Observation) -> Judgement:
    """`limit_s`, `caught_s` = when the task itself was told, or None.

    `cleaned` = its clean-up ran to the end, `finished` = it was never told.
    """
    if observed["finished"] or observed["caught_s"] is None:
        return Judgement(BROKEN, "the task was never told that its time was over")
    if not observed["cleaned"]:
        return Judgement(
            PARTLY,
            f"told after {observed['caught_s']:.1f} s, but its clean-up did not come to an end",
        )
    return Judgement(
        WORKS,
        f"told after {observed['caught_s']:.1f} s of {observed['limit_s']:g} s allowed, "
        "and it cleaned up",
        {"told_s": float(observed["caught_s"])},
    )


def rate(observed: Observation) -> Judgement:
    """`limit_per_s`, `workers`, `starts_s`, `dropped` = tasks given up instead of waiting."""
    starts = sorted(observed["starts_s"])
    if len(starts) < 4:
        return Judgement(BROKEN, f"only {len(starts)} tasks ran")
    achieved = (len(starts) - 1) / (starts[-1] - starts[0])
    text = (
        f"{achieved:.2f}/s where {observed['limit_per_s']:g}/s are allowed, "
        f"{observed['workers']} worker{'s' if observed['workers'] > 1 else ''}"
    )
    figures = {"achieved_per_s": achieved}
    # A window of one second lets through its whole share at its beginning or its end: a stretch
    # touches up to two more than it is long.
    allowed = observed["limit_per_s"] * (starts[-1] - starts[0] + 2)
    if len(starts) <= allowed:
        return Judgement(
            WORKS if not observed["dropped"] else PARTLY,
            text + (f"; {observed['dropped']} were given up" if observed["dropped"] else ""),
            figures,
        )
    if observed["workers"] > 1 and len(starts) <= allowed * observed["workers"]:
        return Judgement(PARTLY, f"{text}: each worker counts for itself", figures)
    return Judgement(BROKEN, text, figures)


def queued(observed: Observation) -> Judgement:
    """`ran` = the names of what ran: the one taken back and the one that was not."""
    if "other" not in observed["ran"]:
        return Judgement(BROKEN, "the task that was not taken back did not run either")
    return (
        Judgement(BROKEN, "it ran all the same")
        if "cancelled" in observed["ran"]
        else Judgement(WORKS, "it never ran; another one did")
    )


def running(observed: Observation) -> Judgement:
    """`finished` = it came to its own end.

    `next_s` = seconds from the order until another ran in the same slot, or None.
    """
    if observed["finished"]:
        return Judgement(BROKEN, "it ran on to its own end")
    if observed["next_s"] is None:
        return Judgement(BROKEN, "stopped, but nothing ran in its slot afterwards")
    return Judgement(
        WORKS,
        f"stopped; the slot worked on after {observed['next_s']:.1f} s",
        {"slot_free_s": float(observed["next_s"])},
    )


def unique(observed: Observation) -> Judgement:
    """`asked` = how often the same task was enqueued while one waited, `runs`.

    `again` = runs of one that was enqueued after the first had finished.
    """
    if observed["runs"] < 1:
        return Judgement(BROKEN, "it never ran")
    if observed["runs"] > 1:
        return Judgement(
            BROKEN, f"enqueued {observed['asked']} times, it ran {observed['runs']} times"
        )
    if not observed["again"]:
        return Judgement(PARTLY, "kept to one run, but then it cannot be enqueued any more either")
    return Judgement(
        WORKS,
        f"enqueued {observed['asked']} times, it ran once; afterwards it can be enqueued again",
    )


def lock(observed: Observation) -> Judgement:
    """`spans` of the tasks under the lock, `asked`."""
    at_a_time = most(observed["spans"])
    if not observed["spans"]:
        return Judgement(BROKEN, "none of them ran")
    if at_a_time > 1:
        return Judgement(BROKEN, f"{at_a_time} ran at the same time")
    if len(observed["spans"]) < observed["asked"]:
        return Judgement(
            PARTLY,
            f"never two at a time; {observed['asked'] - len(observed['spans'])} "
            f"of {observed['asked']} failed instead of waiting",
        )
    return Judgement(WORKS, f"{len(observed['spans'])} runs, never two at a time")


JUDGES = {
    "periodic.fires": fires,
    "periodic.once": once,
    "periodic.missed": missed,
    "delay.eta": eta,
    "delay.expiry": expiry,
    "delay.retry": retry,
    "limit.hard": hard,
    "limit.soft": soft,
    "limit.rate": rate,
    "cancel.queued": queued,
    "cancel.running": running,
    "unique.queued": unique,
    "unique.lock": lock,
}
