"""Annotations of a GitHub job: workflow commands on standard output."""

from bench.analysis.comparison_result import Changes
from bench.base.errors import EXIT_OK
from bench.formats.texts import headline, one_line, ordered, outcome, sentence, title, verdict

# GitHub shows ten of each kind per step and drops the rest without a word.
SHOWN = 10
_LEVEL = {"failed": "error", "error": "error", "skipped": "warning", "passed": "notice"}


def of_changes(changes: Changes) -> str:
    """One annotation for the verdict, then one per line that decides or hinders."""
    levels: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    first = "error" if changes.exit_code != EXIT_OK else "notice" if changes.lines else "warning"
    levels[first].append(_command(first, f"queue-bench: {headline(changes)}", verdict(changes)))
    for line in ordered(changes):
        level = _LEVEL[outcome(line, changes.exit_code)]
        # What is unclear without standing in the way is in the summary: a warning that means
        # nothing teaches to read none.
        if line.says != "same" and not (line.says == "unclear" and level == "warning"):
            levels[level].append(
                _command(level, f"{line.says}: {title(line, changes)}", sentence(line, changes))
            )
    return "".join(line for level, lines in levels.items() for line in _few(level, lines))


def _few(level: str, lines: list[str]) -> list[str]:
    if len(lines) <= SHOWN:
        return lines
    rest = len(lines) - SHOWN + 1
    return [
        *lines[: SHOWN - 1],
        _command(level, "queue-bench", f"{rest} more of these: the job summary has them all"),
    ]


def _command(level: str, title: str, message: str) -> str:
    name = _data(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{level} title={name}::{_data(message)}\n"


def _data(text: str) -> str:
    """A text with the escapes that the runner undoes.

    Line ends are gone already; `%` comes first, or it would escape the others once more.
    """
    return one_line(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
