"""`bench features`: carry the trials out, show each outcome, store all of them, print the table."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.base import Adapter
from bench.base import environ
from bench.base.errors import EXIT_INVALID, EXIT_OK, UsageError
from bench.features import trial_runs
from bench.hosts import machine
from bench.model.arm import nearest
from bench.model.feature import CATALOG, FEATURES, GROUPS
from bench.model.feature_outcome import BROKEN, NOT_OFFERED, PARTLY, UNKNOWN, WORKS, Finding
from bench.model.systems import read_by
from bench.record import documents, stored_features
from bench.record.stored_features import Features

LOOKS = {
    WORKS: "green",
    PARTLY: "yellow",
    NOT_OFFERED: "dim",
    BROKEN: "bold red",
    UNKNOWN: "magenta",
}


def new_folder() -> Path:
    """Where the evidence goes unless told."""
    return Path("results") / f"features-{datetime.now(UTC):%Y%m%d-%H%M%S}"


def features(
    adapters: Mapping[str, Adapter],
    systems: Sequence[str],
    wanted: Sequence[str],
    folder: Path,
    quick: bool,
    out: Console,
    passed: tuple[str, ...] = (),
) -> Features:
    """Carry out and store; UsageError for an unknown word or a folder that cannot be used."""
    for name in systems:
        if name not in adapters:
            raise nearest(name, adapters, "system")
    chosen = [name for word in wanted for name in _meant(word)]
    plan = trial_runs.planned(
        [adapters[name] for name in systems or adapters], chosen, slow=not quick, passed=passed
    )
    if not plan:
        raise UsageError(
            "none of these systems has a trial of these features: "
            "`bench features --list` shows the features"
        )
    documents.fresh_folder(folder)
    environ.take_out(read_by(adapters.values()), passed)
    began = time.monotonic()
    out.print(
        f"{len(plan)} trials, some minutes; evidence in {folder}", markup=False, soft_wrap=True
    )
    findings = trial_runs.carry_out(
        plan, folder, lambda finding: out.print(_line(finding), soft_wrap=True)
    )
    stored = stored_features.write(
        folder, findings, time.monotonic() - began, quick, machine.describe()
    )
    out.print(table(stored))
    counted = {name: sum(each.outcome == name for each in findings) for name in LOOKS}
    out.print(
        f"{', '.join(f'{count} {name}' for name, count in counted.items() if count)}; "
        f"{time.monotonic() - began:.0f} s; written to {folder / stored_features.FILE}"
    )
    if nothing_found_out(findings):
        out.print(nothing_found_out(findings), markup=False, soft_wrap=True)
    return stored


def exit_code(stored: Features) -> int:
    """4 where nothing could be found out; what is partly unknown is an answer."""
    return EXIT_INVALID if nothing_found_out(stored.findings) else EXIT_OK


def nothing_found_out(findings: Sequence[Finding]) -> str:
    """That nothing was found out, and the most frequent reason; empty where something was."""
    if any(each.outcome != UNKNOWN for each in findings):
        return ""
    ((reason, times),) = Counter(each.text for each in findings).most_common(1)
    return f"nothing could be found out, {times} of {len(findings)} trials say: {reason}"


def _meant(word: str) -> list[str]:
    """The features that a word stands for: one, or all of a kind (`flow`)."""
    names = [name for name in FEATURES if name == word or name.startswith(word + ".")]
    if not names:
        raise nearest(
            word,
            [*FEATURES, *dict.fromkeys(name.partition(".")[0] for name in FEATURES)],
            "feature",
        )
    return names


def _line(finding: Finding) -> Text:
    name = (
        f"{finding.system:7s} {finding.feature}{f' ({finding.variant})' if finding.variant else ''}"
    )
    return Text.assemble(
        (f"{finding.outcome:12s}", LOOKS[finding.outcome]),
        f"{name}: {finding.text}  ({finding.seconds:.1f} s)",
    )


def table(stored: Features) -> Table:
    """Feature × system, a word in each place."""
    shown = Table("", *stored.systems, box=None, padding=(0, 2, 0, 0))
    for group in GROUPS:
        rows = [
            each
            for each in CATALOG
            if each.group == group
            and any(stored.of(system, each.name) for system in stored.systems)
        ]
        if rows:
            shown.add_row(Text(group, style="bold"))
        for each in rows:
            outcomes = [stored.outcome(system, each.name) for system in stored.systems]
            shown.add_row(
                Text(f"  {each.name}"),
                *(
                    Text(outcome or "–", style=LOOKS.get(outcome or "", "dim"))
                    for outcome in outcomes
                ),
            )
    return shown
