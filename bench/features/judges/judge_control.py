"""Monitoring, control of the workers, security."""

import statistics

from bench.model.feature_outcome import BROKEN, NOT_OFFERED, PARTLY, WORKS, Judgement, Observation


def page(observed: Observation) -> Judgement:
    """`what` was started, `status` of its answers, `shows_done`, `shows_failed`."""
    if not all(200 <= status < 300 for status in observed["status"]):
        return Judgement(BROKEN, f"{observed['what']} answered {observed['status']}")
    if observed["shows_done"] and observed["shows_failed"]:
        return Judgement(
            WORKS, f"{observed['what']} shows the task that ran and the one that failed"
        )
    shown = [
        name
        for name, there in (
            ("the task that ran", observed["shows_done"]),
            ("the one that failed", observed["shows_failed"]),
        )
        if there
    ]
    if not shown:
        return Judgement(
            BROKEN, f"{observed['what']} shows neither the task that ran nor the one that failed"
        )
    return Judgement(PARTLY, f"{observed['what']} shows {shown[0]} only")


def cli(observed: Observation) -> Judgement:
    """`command` that was run; its output `names_worker`, and `counts_queue`."""
    shown = [
        name
        for name, there in (
            ("the worker", observed["names_worker"]),
            ("what waits in the queue", observed["counts_queue"]),
        )
        if there
    ]
    if not shown:
        return Judgement(BROKEN, f"`{observed['command']}` shows neither worker nor queue")
    return Judgement(
        WORKS if len(shown) == 2 else PARTLY,
        f"`{observed['command']}` shows {' and '.join(shown)}",
    )


def cost(observed: Observation) -> Judgement:
    """`what`, `with_s` and `without_s`: seconds of the same drain, pair by pair."""
    ratios = [off / on for on, off in zip(observed["with_s"], observed["without_s"], strict=True)]
    middle = statistics.median(ratios)
    text = (
        f"{observed['what']}: {middle:.2f} × the throughput without it "
        f"({min(ratios):.2f} to {max(ratios):.2f}, {len(ratios)} pairs)"
    )
    return Judgement(WORKS, text, {"throughput_ratio": middle})


def ping(observed: Observation) -> Judgement:
    """`workers` = how many live, `answers` = how many answered."""
    if observed["answers"] != observed["workers"]:
        return Judgement(BROKEN, f"{observed['answers']} of {observed['workers']} workers answered")
    return Judgement(WORKS, f"{observed['answers']} of {observed['workers']} workers answered")


def stats(observed: Observation) -> Judgement:
    """`done` that ran, `told_done` (None = no such count), `running`, `told_running`."""
    lacks = []
    if observed["told_done"] is None:
        lacks.append("no count of what was done")
    elif observed["told_done"] != observed["done"]:
        return Judgement(
            BROKEN, f"{observed['done']} tasks ran, {observed['told_done']} are counted"
        )
    if observed["told_running"] is None:
        lacks.append("nothing about what runs")
    elif not observed["told_running"]:
        return Judgement(BROKEN, "a task was running and it was not told")
    if len(lacks) == 2:
        return Judgement(NOT_OFFERED, "; ".join(lacks))
    return Judgement(
        PARTLY if lacks else WORKS,
        "; ".join(lacks) or f"{observed['told_done']} done, and the one that runs",
    )


def resize(observed: Observation) -> Judgement:
    """`before`, `grown`, `shrunk`: how many tasks overlapped; `asked`: the order for each."""
    got = [observed["before"], observed["grown"], observed["shrunk"]]
    text = f"overlapping tasks: {got[0]}, after growing {got[1]}, after shrinking {got[2]}"
    return Judgement(WORKS if got == list(observed["asked"]) else BROKEN, text)


def shutdown(observed: Observation) -> Judgement:
    """`ended` = the worker's process is gone, `finished` = the task that it ran came to its end."""
    if not observed["ended"]:
        return Judgement(BROKEN, "the worker goes on")
    return Judgement(
        WORKS if observed["finished"] else PARTLY,
        "it finished its task and ended"
        if observed["finished"]
        else "it ended and cut off its task",
    )


def suspend(observed: Observation) -> Judgement:
    """`while_suspended` and `after_resume`: how many tasks ran; `asked`."""
    if observed["while_suspended"]:
        return Judgement(BROKEN, f"{observed['while_suspended']} tasks ran while all was suspended")
    if observed["after_resume"] != observed["asked"]:
        return Judgement(
            BROKEN, f"{observed['after_resume']} of {observed['asked']} ran after resuming"
        )
    return Judgement(WORKS, "nothing ran while suspended, all afterwards")


def autoscale(observed: Observation) -> Judgement:
    """`low`, `high` were asked for; `most` overlapped under a backlog after `up_s`.

    `back` = children left after `down_s` idle, or None.
    """
    figures = {
        name: float(observed[name]) for name in ("up_s", "down_s") if observed[name] is not None
    }
    if observed["most"] < observed["high"]:
        return Judgement(
            BROKEN,
            f"{observed['most']} slots under a backlog, {observed['high']} were allowed",
            figures,
        )
    if observed["down_s"] is None:
        return Judgement(
            PARTLY,
            f"up to {observed['high']} within {observed['up_s']:.1f} s; "
            f"not down to {observed['low']} while watched",
            figures,
        )
    return Judgement(
        WORKS,
        f"up to {observed['high']} within {observed['up_s']:.1f} s, "
        f"down to {observed['low']} after {observed['down_s']:.0f} s without work",
        figures,
    )


def pickle(observed: Observation) -> Judgement:
    """`executed` = the harmless payload left its marker, `told` in the log.

    `works` = an ordinary task ran at the same worker.
    """
    if observed["executed"]:
        return Judgement(
            BROKEN,
            "the crafted pickle was executed: "
            "whoever can write to the broker runs code in the worker",
        )
    if not observed["works"]:
        return Judgement(
            PARTLY, "not executed, but the worker did not run anything else afterwards"
        )
    return Judgement(WORKS, "not executed; the worker went on")


def signing(observed: Observation) -> Judgement:
    """`valid_ran` = the signed task ran, `tampered_ran` = the one that was changed ran."""
    if not observed["valid_ran"]:
        return Judgement(BROKEN, "a message that was signed rightly did not run")
    return (
        Judgement(BROKEN, "a message that had been changed ran")
        if observed["tampered_ran"]
        else Judgement(WORKS, "signed ones run, a changed one does not")
    )


def credentials(observed: Observation) -> Judgement:
    """`process_list` and `logs`: whether the password stands there.

    `ran` = a task ran, so that the password was in use.
    """
    if not observed["ran"]:
        raise ValueError("no task ran")
    leaks = [
        name
        for name, there in (
            ("the process list", observed["process_list"]),
            ("the log", observed["logs"]),
        )
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
