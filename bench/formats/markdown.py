"""Markdown for the summary of a CI job: GitHub and GitLab show it as it is."""

import re

from pydantic import JsonValue

from bench.analysis.comparison_result import Change, Changes
from bench.formats.texts import (
    change,
    facts,
    headline,
    interval,
    one_line,
    ordered,
    shown,
    title,
    verdict,
)

# What begins anything within a line, in Markdown or in the dialects of GitHub and GitLab (`$` is a
# formula, `#1` an issue).
_SPECIAL = re.compile(r"([\\`*_\[\]#|~$])")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
COLUMNS = ("", "measure", "base", "head", "change", "interval", "smallest change seen", "blocks")


def text(value: JsonValue) -> str:
    """An outside text, escaped so that it is shown as it is, in a table too."""
    return _SPECIAL.sub(r"\\\1", "".join(_HTML.get(letter, letter) for letter in one_line(value)))


def code(value: JsonValue) -> str:
    """The same as code.

    By HTML, for `@` in an arm must not become a person and a backtick must not end it.
    """
    return f"<code>{text(value)}</code>"


def of_changes(changes: Changes) -> str:
    """The verdict, what a reader must know, the lines by weight, and how to have it again."""
    word = headline(changes)
    rest = verdict(changes).removeprefix(word).lstrip(":; ")
    parts = [
        f"**queue-bench: {text(word)}** – {text(rest)}",
        f"{code(changes.base)} → {code(changes.head)}",
    ]
    parts += ["\n".join(f"- {text(note)}" for note in changes.notes)] if changes.notes else []
    lines = ordered(changes)
    telling = [line for line in lines if line.says != "same"]
    same = [line for line in lines if line.says == "same"]
    parts += [_table(telling, changes)] if telling else []
    parts += [_folded(f"The same: {len(same)}", _table(same, changes))] if same else []
    return "\n\n".join([*parts, *_again(changes)]) + "\n"


def _table(lines: list[Change], changes: Changes) -> str:
    head = [
        "| " + " | ".join(COLUMNS) + " |",
        "| --- | --- | ---: | ---: | ---: | --- | ---: | ---: |",
    ]
    return "\n".join(head + [_row(line, changes) for line in lines])


def _row(line: Change, changes: Changes) -> str:
    word = f"**{line.says}**" if line.says == "regression" else line.says
    why = f" – {text(line.reason)}" if line.reason else ""
    cells = [
        word,
        text(title(line, changes)) + why,
        text(shown(line.base_value, line.metric)),
        text(shown(line.head_value, line.metric)),
        text(change(line.ratio, line.metric)),
        text(interval(line)),
        "" if line.smallest_detectable is None else f"{line.smallest_detectable * 100:.1f} %",
        str(line.blocks),
    ]
    return f"| {' | '.join(cells)} |"


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def _again(changes: Changes) -> list[str]:
    """The command line that made this (`about["command"]`), and what else is known, folded."""
    about = dict(changes.about)
    command = one_line(about.pop("command", ""))
    # An indented block of code has no end that a text could write.
    parts = [f"To have it again:\n\n    {command}"] if command else []
    items = [f"- {text(name)}: {text(value)}" for name, value in facts(about)]
    return parts + ([_folded("What was compared", "\n".join(items))] if items else [])
