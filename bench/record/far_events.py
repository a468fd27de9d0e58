"""The event files of several hosts as one ledger, each stamp by its own host's clock or by ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.record import event_files
from bench.record.event_files import RunColumns, joined, placed, with_chosen
from bench.record.ledger import ACCEPTED, ERROR, OPEN, UNSENT, Ints, Kinds, Ledger


@dataclass(frozen=True)
class HostEvents:
    """The event files of one host, as they were fetched.

    `begin` is the first record of each of them, with the name of the clock; that is `offset_ns`
    before ours, roughly. `sent` are those of its generators, `runs` is that of its workers.
    """

    host: str
    begin: bytes
    offset_ns: int
    sent: tuple[Path, ...] = ()
    runs: Path | None = None


def build(
    plan: tuple[Ints, Ints] | None, files: Sequence[HostEvents], raw: bool
) -> tuple[Ledger, int]:
    """(the ledger, how many torn pieces lay inside the files) of a cell on several hosts.

    With `raw` all stamps stay as their host's clock gave them: so they are stored. Else they are by
    our clock, roughly, for what has to be known while the cell goes on. `plan` is (ids, due_ns),
    the latter by our clock; what was never sent counts as the first generators' host's.
    """
    moved = [0 if raw else each.offset_ns for each in files]
    sends, returns, by_host, torn = _all_sent(files, moved)
    sender = next((each for each in files if each.sent), None)
    if plan is not None and raw and sender is not None:
        plan = plan[0], plan[1] + sender.offset_ns
    ids, due = with_chosen(plan, sends) if plan is not None else (sends[0], sends[2])
    ids, first = np.unique(ids, return_index=True)
    sent_due = placed(ids, sends[0], sends[2])
    known = placed(ids, sends[0], by_host) if len(sends[0]) else np.full(len(ids), -1)
    sent_ns = placed(ids, sends[0], sends[1])
    returned, flag = placed(ids, returns[0], returns[1]), placed(ids, returns[0], returns[2])
    state = np.where(
        known >= 0,
        np.where(
            placed(ids, returns[0], np.ones(len(returns[0]), np.int64)) == 1,
            np.where(flag == 1, ERROR, ACCEPTED),
            OPEN,
        ),
        UNSENT,
    ).astype(np.int8)
    default = files.index(sender) if sender else 0
    columns, run_host, torn_runs = _all_runs(files, moved)
    book = Ledger(
        ids,
        np.where(known >= 0, sent_due, due[first]),
        sent_ns,
        returned,
        state,
        *columns,
        task_host=np.where(known >= 0, known, default).astype(np.int16),
        run_host=run_host,
        hosts=tuple(each.host for each in files),
    )
    return book, torn + torn_runs


def _all_sent(
    files: Sequence[HostEvents], moved: Sequence[int]
) -> tuple[list[Ints], list[Ints], Ints, int]:
    """([task, sent, due], [task, returned, flag], the host of each send, torn)."""
    nothing = [np.empty(0, np.int64)] * 3
    sends, returns, hosts, torn = [nothing], [nothing], [nothing[0]], 0
    for number, (each, offset_ns) in enumerate(zip(files, moved, strict=True)):
        if not each.sent:
            continue
        sent, returned, pieces = event_files.sent_of(each.sent, each.begin)
        sends.append([sent[0], sent[1] - offset_ns, sent[2] - offset_ns])
        returns.append([returned[0], returned[1] - offset_ns, returned[2]])
        hosts.append(np.full(len(sent[0]), number))
        torn += pieces
    return joined(sends), joined(returns), np.concatenate(hosts), torn


def _all_runs(files: Sequence[HostEvents], moved: Sequence[int]) -> tuple[RunColumns, Kinds, int]:
    """(the run columns of a ledger, the host of each run, torn), in order of their start."""
    parts, hosts = [[np.empty(0, np.int64)] * 8], [np.empty(0, np.int16)]
    begun, torn = [np.empty(0, np.int64)], 0
    for number, (each, offset_ns) in enumerate(zip(files, moved, strict=True)):
        if each.runs is None:
            continue
        found, pieces = event_files.runs_of(each.runs, each.begin)
        *others, started, finished, imports, raises = found
        raises = raises if raises.size else np.full(len(started), -1)
        stamps = [_moved(stamp, offset_ns) for stamp in (started, finished, raises)]
        parts.append([*others, stamps[0], stamps[1], imports, stamps[2]])
        hosts.append(np.full(len(started), number, np.int16))
        begun.append(_moved(started, each.offset_ns))
        torn += pieces
    by = np.argsort(np.concatenate(begun), kind="stable")
    task, pid, parent, thread, start, finish, import_us, raised = (
        column[by] for column in joined(parts)
    )
    if not (raised >= 0).any():
        raised = np.empty(0, np.int64)
    columns = task, pid, parent, thread, start, finish, import_us, raised
    return columns, np.concatenate(hosts)[by], torn


def _moved(stamps: Ints, offset_ns: int) -> Ints:
    """So much earlier; -1 is no stamp."""
    return np.where(stamps == -1, -1, stamps - offset_ns)
