"""What stands below each section: how it was measured, and what it does not show."""

ABOUT = {
    "burst": "A queue is filled with no-op tasks while no worker runs; then the workers start and drain it.",
    "latency": "Tasks fall due at random moments, whether or not the system keeps up; each is timed from the moment it was due.",
    "recovery": "Under a light, even load a fault strikes while every slot is busy and more tasks wait.",
}
ABOUT |= {
    "work": "A backlog of tasks that do something is drained by more and more workers: where does the library get into the way, and what does a worker cost?",
    "result": "One caller sends a task, waits for its result by the library's own call, and sends the next.",
    "soak": "Half of each arm's capacity, minute after minute: what grows? And before it: what do workers cost that have nothing to do?",
}
HOW = {
    "burst": (
        "The system's own worker command and its plain enqueue call, as a user has them; a fresh broker and fresh workers for every cell.",
        "Throughput: finished tasks per second from the 5 % point (or the moment when the last slot has finished its first task, if later) to the 95 % point.",
        "The task body itself writes when it started and finished; nothing is counted in the broker or in the library.",
        "Worker memory is the PSS of the whole process tree: forks share pages, and summed RSS would count those again and again.",
        "Commands and CPU per task have the instrument's own and the idle ones subtracted.",
        "The floor is a bare Redis list with the same task body: what any Redis queue in Python could reach at best.",
    ),
    "latency": (
        "Capacity: finished tasks per second while the backlog is kept between 100 and 200, by producer, broker and workers on this one host.",
        "Arrivals are Poisson from a stored seed, at shares of each arm's own capacity and at fixed rates. A late send keeps its due time.",
        "A percentile is given only with at least 10 samples beyond it; a task that never finished ranks slower than all others.",
        "Unbounded: at the end of the phase more than one second of arrivals waits, and more than at its middle.",
        "The same P99 from the send instead of the due time is the naive figure, shown for contrast: "
        "it forgets the time for which a slow enqueue call kept others waiting.",
    ),
    "recovery": (
        "10 × N tasks of 20 ms per second; at the seeded moment 4 × N tasks of 200 ms fall due at once, so that each fault finds N running and 3 × N waiting.",
        "A full cell strikes three times, the next time when service and rate are back; a time is the median of the strikes, a count their sum.",
        "Service: until the first start of a task accepted after the fault. Work: until the last task accepted before it has finished.",
        "Rate: until every 1 s window of the next 5 s holds 90 % of the tasks due. Backlog: until no more tasks wait than before. "
        "Outage: the longest gap between finishes.",
        "“> x” means: not within the x seconds observed. That is a result; it is never averaged away.",
        "A supervisor starts a dead worker again after 1 s. Lost: not finished and held nowhere in the broker. Stuck: not finished and still held.",
    ),
}
HOW |= {
    "work": (
        "The backlog is sized by a look of a second at the same workers with the same tasks; the window of the throughput is that of the burst.",
        "The ceiling is arithmetic: workers ÷ task time; for computing tasks no more workers than cores count. Nobody can be above it.",
        "10 ms of computing are 10 ms on the clock of the thread's own CPU time: what the machine does meanwhile does not shorten the task.",
        "Per worker: the peak of the whole tree divided by the workers, so what all share weighs more with one worker than with many.",
        "32 and 100 workers only where they are threads or greenlets of one process.",
        "Celery keeps its result backend per thread, so each greenlet of its gevent pool makes its own, connection included; "
        "result_backend_thread_safe changes that.",
        "The payload is random text of 64 letters; RQ packs it (zlib) to about three quarters.",
    ),
    "result": (
        "Round trip: from the send until the caller has the result. After the task: the part of it that begins when the task has finished.",
        "The next task is sent when the last result is there, so the workers idle between them: how long a caller waits, not how much the system bears.",
        "Celery's call is woken by a message, RQ's by a blocking read. Huey's asks again and again, first after 50 ms; its setting notify_result changes that.",
        "A result that is not the task's own makes the cell wrong, and it gives no figure.",
    ),
    "soak": (
        "Growth: the slope of Theil and Sen over 30 pieces of the time after the warm-up, with its 95 % interval in the tooltip.",
        "Stored are all tasks that were not as they should be, and of the others a part: percentiles are of that part, counts are of all.",
        "Results that a system stores stay in its broker for as long as its settings say: that growth is meant to be.",
        "The load generator enqueues as an application does that never reads its results; what that does to its connection is part of the system.",
    ),
}
NOT_SHOWN = {
    "burst": (
        "No latency: the P99 of a backlog only restates tasks ÷ throughput.",
        "Tasks that do something: with real work in the body all systems come closer to each other.",
        "Several hosts: generator, broker and workers share this machine's cores.",
        "What a Redis that writes to disk is worth: only a power cut shows the difference between every second and always, a killed process does not. "
        "Here stands what it costs.",
    ),
    "latency": (
        "Load in bursts, priorities, or tasks of unlike length.",
        "Equal rates at equal loads: 0.7 of a fast arm is more tasks per second than 0.7 of a slow one. The fixed rates are there for that.",
    ),
    "recovery": (
        "Losses per cent of a run: they are per fault. How many tasks are at stake is in the columns running and waiting.",
        "The difference between a Redis that syncs every second and one that syncs at every write: only a power cut shows it, and a kill is none.",
        "A second run of a task that has finished and that the broker still holds: a cell ends when every task has finished, "
        "and RQ, for one, runs such a task again a minute later.",
        "Power cuts, full disks, or a broker with replicas.",
    ),
}
NOT_SHOWN |= {
    "work": (
        "Tasks that wait for a database or a network: a sleep gives the core away and comes back in time.",
        "More workers than these on more cores: everything shares this machine.",
    ),
    "result": ("Many callers at once, or results of any size.",),
    "soak": ("Leaks that begin after hours. What memory does in ten minutes, and no more.",),
}
GENERAL = "Fewer than 3 blocks: there is no interval around any number here, so read orders of magnitude only. Five blocks (bench run --blocks 5) give intervals."
SMOKE = "This was a smoke run: it shows that everything works and makes no claim about any system."
GATE = "This was a gate: short cells, many blocks, every arm at the rates of the base. It compares its arms; the full size says how fast they are."
QUICK = "This was a quick run: few tasks, short phases, short horizons. The full size decides."
