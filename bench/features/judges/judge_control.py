"""Monitoring, control of the workers, security."""

import statistics

from bench.model.feature_outcome import BROKEN, NOT_OFFERED, PARTLY, WORKS, Judgement, Observation


def page(seen: Observation) -> Judgement:
    """`what` was started, `status` of its answers, `shows_done`, `shows_failed`."""
    if not all(200 <= status < 300 for status in seen["status"]):
        return Judgement(BROKEN, f"{seen['what']} answered {seen['status']}")
    if seen["shows_done"] and seen["shows_failed"]:
        return Judgement(WORKS, f"{seen['what']} shows the task that ran and the one that failed")
    shown = [
        name
        for name, there in (
            ("the task that ran", seen["shows_done"]),
            ("the one that failed", seen["shows_failed"]),
        )
        if there
    ]
    if not shown:
        return Judgement(
            BROKEN, f"{seen['what']} shows neither the task that ran nor the one that failed"
        )
    return Judgement(PARTLY, f"{seen['what']} shows {shown[0]} only")


def cli(seen: Observation) -> Judgement:
    """`command`, `names_worker`, `counts_queue`."""
    told = [
        name
        for name, there in (
            ("the worker", seen["names_worker"]),
            ("what waits in the queue", seen["counts_queue"]),
        )
        if there
    ]
    if not told:
        return Judgement(BROKEN, f"`{seen['command']}` shows neither worker nor queue")
    return Judgement(
        WORKS if len(told) == 2 else PARTLY, f"`{seen['command']}` shows {' and '.join(told)}"
    )


def cost(seen: Observation) -> Judgement:
    """`what`, `with_s` and `without_s`: seconds of the same drain, pair by pair."""
    ratios = [off / on for on, off in zip(seen["with_s"], seen["without_s"], strict=True)]
    middle = statistics.median(ratios)
    text = f"{seen['what']}: {middle:.2f} × the throughput without it ({min(ratios):.2f} to {max(ratios):.2f}, {len(ratios)} pairs)"
    return Judgement(WORKS, text, {"throughput_ratio": middle})


def ping(seen: Observation) -> Judgement:
    """`workers` that live, `answers`."""
    if seen["answers"] != seen["workers"]:
        return Judgement(BROKEN, f"{seen['answers']} of {seen['workers']} workers answered")
    return Judgement(WORKS, f"{seen['answers']} of {seen['workers']} workers answered")


def stats(seen: Observation) -> Judgement:
    """`done` that ran, `told_done` (None = no such count), `running`, `told_running`."""
    lacks = []
    if seen["told_done"] is None:
        lacks.append("no count of what was done")
    elif seen["told_done"] != seen["done"]:
        return Judgement(BROKEN, f"{seen['done']} tasks ran, {seen['told_done']} are counted")
    if seen["told_running"] is None:
        lacks.append("nothing about what runs")
    elif not seen["told_running"]:
        return Judgement(BROKEN, "a task was running and it was not told")
    if len(lacks) == 2:
        return Judgement(NOT_OFFERED, "; ".join(lacks))
    return Judgement(
        PARTLY if lacks else WORKS,
        "; ".join(lacks) or f"{seen['told_done']} done, and the one that runs",
    )


def resize(seen: Observation) -> Judgement:
    """`before`, `grown`, `shrunk`: how many tasks overlapped; `asked`: what was ordered for each."""
    got = [seen["before"], seen["grown"], seen["shrunk"]]
    text = f"overlapping tasks: {got[0]}, after growing {got[1]}, after shrinking {got[2]}"
    return Judgement(WORKS if got == list(seen["asked"]) else BROKEN, text)


def shutdown(seen: Observation) -> Judgement:
    """`ended` = the worker's process is gone, `finished` = the task it was running came to its end."""
    if not seen["ended"]:
        return Judgement(BROKEN, "the worker goes on")
    return Judgement(
        WORKS if seen["finished"] else PARTLY,
        "it finished its task and ended" if seen["finished"] else "it ended and cut off its task",
    )


def suspend(seen: Observation) -> Judgement:
    """`while_suspended` and `after_resume`: how many tasks ran; `asked`."""
    if seen["while_suspended"]:
        return Judgement(BROKEN, f"{seen['while_suspended']} tasks ran while all was suspended")
    if seen["after_resume"] != seen["asked"]:
        return Judgement(BROKEN, f"{seen['after_resume']} of {seen['asked']} ran after resuming")
    return Judgement(WORKS, "nothing ran while suspended, all afterwards")


def autoscale(seen: Observation) -> Judgement:
    """`low`, `high` asked for; `most` overlapping under a backlog after `up_s`; `back` children left after `down_s` idle, or None."""
    figures = {name: float(seen[name]) for name in ("up_s", "down_s") if seen[name] is not None}
    if seen["most"] < seen["high"]:
        return Judgement(
            BROKEN, f"{seen['most']} slots under a backlog, {seen['high']} were allowed", figures
        )
    if seen["down_s"] is None:
        return Judgement(
            PARTLY,
            f"up to {seen['high']} within {seen['up_s']:.1f} s; not down to {seen['low']} while watched",
            figures,
        )
    return Judgement(
        WORKS,
        f"up to {seen['high']} within {seen['up_s']:.1f} s, down to {seen['low']} after {seen['down_s']:.0f} s without work",
        figures,
    )


def pickle(seen: Observation) -> Judgement:
    """`executed` = the harmless payload left its marker, `works` = an ordinary task ran at the same worker, `told` in the log."""
    if seen["executed"]:
        return Judgement(
            BROKEN,
            "the crafted pickle was executed: whoever can write to the broker runs code in the worker",
        )
    if not seen["works"]:
        return Judgement(
            PARTLY, "not executed, but the worker did not run anything else afterwards"
        )
    return Judgement(WORKS, "not executed; the worker went on")


def signing(seen: Observation) -> Judgement:
    """`valid_ran`, `tampered_ran`."""
    if not seen["valid_ran"]:
        return Judgement(BROKEN, "a message that was signed rightly did not run")
    return (
        Judgement(BROKEN, "a message that had been changed ran")
        if seen["tampered_ran"]
        else Judgement(WORKS, "signed ones run, a changed one does not")
    )


def credentials(seen: Observation) -> Judgement:
    """`process_list` and `logs`: whether the password stands there; `ran` = a task ran, so that it was in use."""
    if not seen["ran"]:
        raise ValueError("no task ran")
    leaks = [
        name
        for name, there in (("the process list", seen["process_list"]), ("the log", seen["logs"]))
        if there
    ]
    return Judgement(
        BROKEN if leaks else WORKS,
        f"the password stands in {' and '.join(leaks)}"
        if leaks
        else "neither process list nor log shows it",
    )


JUDGES = {
    "monitor.page": page,
    "monitor.cli": cli,
    "monitor.cost": cost,
    "control.ping": ping,
    "control.stats": stats,
    "control.resize": resize,
    "control.shutdown": shutdown,
    "control.suspend": suspend,
    "control.autoscale": autoscale,
    "security.pickle": pickle,
    "security.signing": signing,
    "security.credentials": credentials,
}
