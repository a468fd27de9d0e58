"""Whatever goes by the clock: periodic tasks, delays, retries, limits, cancelling, locks."""

import itertools
import statistics

from bench.inprocess.trials.spans import most
from bench.model.feature_outcome import BROKEN, PARTLY, WORKS, Judgement, Observation

EARLY_S = 0.01  # the wall clock's resolution and a stamp taken late
SOON_S = 2.0  # what ends or begins within this is taken as prompt
SLOT_BACK_S = 6.0


def fires(seen: Observation) -> Judgement:
    """`period_s`, `fired_s` (seconds of the wall clock), `wanted`."""
    times, period = sorted(seen["fired_s"]), float(seen["period_s"])
    if len(times) < seen["wanted"]:
        return Judgement(BROKEN, f"fired {len(times)} of {seen['wanted']} times")
    gaps = [b - a for a, b in itertools.pairwise(times)]
    jitter = max(abs(gap - period) for gap in gaps) * 1000
    text = f"{len(times)} firings, {period:g} s apart, at most {jitter:.0f} ms off"
    # Two schedulers of the same period leave gaps of half a period at most, whatever lies between them.
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


def once(seen: Observation) -> Judgement:
    """`periods` that went by, `two_workers` and `two_schedulers` = how many fired more than once."""
    if seen["periods"] < 1:
        return Judgement(BROKEN, "it never fired")
    if seen["two_workers"]:
        return Judgement(
            BROKEN,
            f"with two workers {seen['two_workers']} of {seen['periods']} firings came twice",
        )
    if seen["two_schedulers"]:
        return Judgement(
            PARTLY,
            f"once with two workers, but two schedulers fire twice ({seen['two_schedulers']} of {seen['periods']}): only one may run",
        )
    return Judgement(WORKS, f"each of {seen['periods']} firings came once")


def missed(seen: Observation) -> Judgement:
    """`away_periods` = periods without a scheduler, `again` = firings after the restart, `made_up` = those of them beside the regular ones."""
    if not seen["again"]:
        return Judgement(BROKEN, "after the restart it did not fire any more")
    text = f"fires again after the restart; {seen['away_periods']:.0f} firings were missed, {seen['made_up']} came beside the regular ones"
    return Judgement(WORKS, text, {"made_up": float(seen["made_up"])})


def eta(seen: Observation) -> Judgement:
    """`asked`, `late_s` = start minus due of each that ran."""
    late = sorted(seen["late_s"])
    if len(late) != seen["asked"]:
        return Judgement(BROKEN, f"{len(late)} of {seen['asked']} ran")
    figures = {"late_p50_ms": statistics.median(late) * 1000, "late_max_ms": late[-1] * 1000}
    text = f"began {figures['late_p50_ms']:.0f} ms after they were due (median), at most {figures['late_max_ms']:.0f} ms"
    if late[0] < -EARLY_S:
        return Judgement(
            PARTLY,
            f"{text}; {sum(each < -EARLY_S for each in late)} began up to {-late[0] * 1000:.0f} ms too early",
            figures,
        )
    if figures["late_p50_ms"] > 1000 * SOON_S:
        return Judgement(PARTLY, f"{text}: seconds late", figures)
    return Judgement(WORKS, text, figures)


def expiry(seen: Observation) -> Judgement:
    """`ran` = the names of what ran: the one that had expired and the one that had not."""
    if "fresh" not in seen["ran"]:
        return Judgement(BROKEN, "the task that had not expired did not run either")
    if "expired" in seen["ran"]:
        return Judgement(BROKEN, "it ran though it had expired")
    return Judgement(WORKS, "left out; one that had not expired ran")


def retry(seen: Observation) -> Judgement:
    """`asked_s` = the pauses asked for, `gaps_s` = those measured, `finished`."""
    asked, gaps = seen["asked_s"], seen["gaps_s"]
    shown = ", ".join(f"{gap:.2f}" for gap in gaps)
    text = f"pauses of {shown} s where {', '.join(f'{each:g}' for each in asked)} s were asked for"
    if len(gaps) != len(asked):
        return Judgement(BROKEN, f"run {len(gaps) + 1} of {len(asked) + 1} times")
    if not seen["finished"]:
        return Judgement(BROKEN, f"{text}; it never finished")
    figures = {"late_max_ms": max(gap - want for gap, want in zip(gaps, asked, strict=True)) * 1000}
    if any(gap > want + SOON_S for gap, want in zip(gaps, asked, strict=True)):
        return Judgement(BROKEN, f"{text}: much too late", figures)
    if any(gap < want - 0.1 for gap, want in zip(gaps, asked, strict=True)):
        return Judgement(PARTLY, f"{text}: too early", figures)
    return Judgement(WORKS, text, figures)


def hard(seen: Observation) -> Judgement:
    """`limit_s`, `finished` = the task came to its own end, `next_s` = seconds from its start until another ran in the same slot, or None."""
    if seen["finished"]:
        return Judgement(BROKEN, "the task ran on to its own end: the limit did nothing")
    if seen["next_s"] is None:
        return Judgement(BROKEN, "the task holds its slot: nothing ran after it")
    figures = {"slot_free_s": float(seen["next_s"])}
    text = f"limit {seen['limit_s']:g} s, the slot worked on after {seen['next_s']:.1f} s"
    # Not a matter of a second or two: Celery's pool at times needs five to notice that its child is gone.
    return Judgement(
        WORKS if seen["next_s"] <= seen["limit_s"] + SLOT_BACK_S else PARTLY, text, figures
    )


def soft(seen: Observation) -> Judgement:
    """`limit_s`, `caught_s` = when the task itself was told, or None, `cleaned` = its clean-up ran to the end, `finished` = it was never told."""
    if seen["finished"] or seen["caught_s"] is None:
        return Judgement(BROKEN, "the task was never told that its time was over")
    if not seen["cleaned"]:
        return Judgement(
            PARTLY, f"told after {seen['caught_s']:.1f} s, but its clean-up did not come to an end"
        )
    return Judgement(
        WORKS,
        f"told after {seen['caught_s']:.1f} s of {seen['limit_s']:g} s allowed, and it cleaned up",
        {"told_s": float(seen["caught_s"])},
    )


def rate(seen: Observation) -> Judgement:
    """`limit_per_s`, `workers`, `starts_s`, `dropped` = tasks that were given up instead of waiting."""
    starts = sorted(seen["starts_s"])
    if len(starts) < 4:
        return Judgement(BROKEN, f"only {len(starts)} tasks ran")
    achieved = (len(starts) - 1) / (starts[-1] - starts[0])
    text = f"{achieved:.2f}/s where {seen['limit_per_s']:g}/s are allowed, {seen['workers']} worker{'s' if seen['workers'] > 1 else ''}"
    figures = {"achieved_per_s": achieved}
    # A window of one second lets through its whole share at its beginning or its end: a stretch touches up to two more than it is long.
    allowed = seen["limit_per_s"] * (starts[-1] - starts[0] + 2)
    if len(starts) <= allowed:
        return Judgement(
            WORKS if not seen["dropped"] else PARTLY,
            text + (f"; {seen['dropped']} were given up" if seen["dropped"] else ""),
            figures,
        )
    if seen["workers"] > 1 and len(starts) <= allowed * seen["workers"]:
        return Judgement(PARTLY, f"{text}: each worker counts for itself", figures)
    return Judgement(BROKEN, text, figures)


def queued(seen: Observation) -> Judgement:
    """`ran` = the names of what ran: the one taken back and the one that was not."""
    if "other" not in seen["ran"]:
        return Judgement(BROKEN, "the task that was not taken back did not run either")
    return (
        Judgement(BROKEN, "it ran all the same")
        if "cancelled" in seen["ran"]
        else Judgement(WORKS, "it never ran; another one did")
    )


def running(seen: Observation) -> Judgement:
    """`finished` = it came to its own end, `next_s` = seconds from the order until another ran in the same slot, or None."""
    if seen["finished"]:
        return Judgement(BROKEN, "it ran on to its own end")
    if seen["next_s"] is None:
        return Judgement(BROKEN, "stopped, but nothing ran in its slot afterwards")
    return Judgement(
        WORKS,
        f"stopped; the slot worked on after {seen['next_s']:.1f} s",
        {"slot_free_s": float(seen["next_s"])},
    )


def unique(seen: Observation) -> Judgement:
    """`asked` = how often the same task was enqueued while one waited, `runs`, `again` = runs of one enqueued after the first had finished."""
    if seen["runs"] < 1:
        return Judgement(BROKEN, "it never ran")
    if seen["runs"] > 1:
        return Judgement(BROKEN, f"enqueued {seen['asked']} times, it ran {seen['runs']} times")
    if not seen["again"]:
        return Judgement(PARTLY, "kept to one run, but then it cannot be enqueued any more either")
    return Judgement(
        WORKS, f"enqueued {seen['asked']} times, it ran once; afterwards it can be enqueued again"
    )


def lock(seen: Observation) -> Judgement:
    """`spans` of the tasks under the lock, `asked`."""
    at_a_time = most(seen["spans"])
    if not seen["spans"]:
        return Judgement(BROKEN, "none of them ran")
    if at_a_time > 1:
        return Judgement(BROKEN, f"{at_a_time} ran at the same time")
    if len(seen["spans"]) < seen["asked"]:
        return Judgement(
            PARTLY,
            f"never two at a time; {seen['asked'] - len(seen['spans'])} of {seen['asked']} failed instead of waiting",
        )
    return Judgement(WORKS, f"{len(seen['spans'])} runs, never two at a time")


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
