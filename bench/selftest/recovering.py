"""5: a worker comes back when it says; tasks are delivered again when it says, or never."""

from bench.record.store import Run
from bench.selftest.expectations import SelftestLine, asked, same, within
from bench.selftest.synthetic_runs import Session, arm, cells, newest_row, truth, value

SUPERVISOR_S, SPACING_S = 1.0, 0.05  # one slot: 10 tasks per second would be 0.1, two slots: 0.05
RESOLUTION_S = 0.05
LONG_S = 0.2
BACK_S = (2.0, 4.0, 8.0)
REDELIVER_S = 3.0
NEVER_RUNS_LONGER_S = 0.5  # a task of 200 ms that is older than this has lost its worker
TIMES = ("service_recovery_s", "work_recovery_s", "rate_recovery_s", "backlog_recovery_s")
WHERE = "bench/measure/recovery_times.py and bench/testbed/faults, or a busy machine"


def back(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """The workers serve again R seconds after the kill and start all that waited at once."""
    # What is normal shows in ten seconds; for a queue that knows nothing else, five will do.
    params = {"lead_in_s": 5.0} if quick else {}
    for wanted in BACK_S[:1] if quick else BACK_S:
        with asked(lines, 5, f"serving again {wanted:g} s after the kill"):
            name = arm("kept", back_after_s=wanted - SUPERVISOR_S, redeliver_s=NEVER_RUNS_LONGER_S)
            run = session.run(
                f"back-{wanted:g}", "recovery", [name], ["worker-crash"], workers=2, params=params
            )
            lines += _served(run)


def _served(run: Run) -> list[SelftestLine]:
    serving = _after_t0(run, "serving_ns")[0]
    done, tolerance = serving + LONG_S, RESOLUTION_S + SPACING_S
    what = f"serving again {serving:.3f} s after the kill by the workers' own stamp"
    bands = {
        "service": ("service", serving - RESOLUTION_S, serving + tolerance),
        "work": ("work, tasks of 0.2 s", done - RESOLUTION_S, done + tolerance),
        "rate": ("rate", serving - 0.2, serving + 0.2),
    }
    return [
        within(5, f"{what}: {of}", value(run, f"{name}_recovery_s"), low, high, "s", WHERE)
        for name, (of, low, high) in bands.items()
    ]


def again(session: Session, quick: bool, lines: list[SelftestLine]) -> None:
    """Running tasks that are delivered again after V seconds, or never; and no fault at all."""
    what = f"delivered again after {REDELIVER_S:g} s: work"
    with asked(lines, 5, what):
        name = arm("kept", redeliver_s=REDELIVER_S)
        run = session.run("redelivery", "recovery", [name], ["worker-crash"], workers=2)
        last = _after_t0(run, "redelivered_ns")[-1] + LONG_S
        what += f", {last:.3f} s by the worker's own stamp"
        lines.append(
            within(5, what, value(run, "work_recovery_s"), last - 0.2, last + 0.2, "s", WHERE)
        )
    never = "never delivered again"
    with asked(lines, 5, never):
        run = session.run("never", "recovery", [arm()], ["worker-crash"], workers=2)
        work = newest_row(run, "work_recovery_s")["verdict"]
        lines.append(same(5, f"{never}: work", work, "beyond", WHERE))
        lost, ran = value(run, "lost"), value(run, "running")
        lines.append(same(5, f"{never}: lost, of those that ran", lost, ran, WHERE))
    with asked(lines, 5, "no fault"):
        run = session.run("no-fault", "recovery", [arm()], ["none"], workers=2)
        lines += [same(5, f"no fault: {name}", value(run, name), 0.0, WHERE) for name in TIMES]


def _after_t0(run: Run, stamp: str) -> list[float]:
    """Seconds from the fault to each such stamp in the workers' own words, sorted."""
    cell = cells(run)[-1]
    t0_ns = cell.log.injections[0].t0_ns
    return sorted((int(line[stamp]) - t0_ns) / 1e9 for line in truth(cell) if stamp in line)
