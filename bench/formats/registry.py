"""Every format by its name, and writing what was asked for as FORMAT=FILE."""

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.analysis.comparison_result import Changes
from bench.base.errors import UsageError
from bench.base.output import refuse_unwritable
from bench.base.streams import document
from bench.formats import (
    benchmark_action,
    bmf,
    github,
    junit,
    markdown,
    openmetrics,
    points,
    pyperf,
)
from bench.model.arm import nearest
from bench.record.store import Run

OfChanges = Callable[[Changes], str]
OfRun = Callable[[Run, str | None], str]
Made = TypeVar("Made")


@dataclass(frozen=True)
class Format:
    """One format: what it is for, and how it is made of a comparison or of a stored run.

    `of_run` takes the one arm that the format may hold, too.
    """

    about: str
    of_changes: OfChanges | None = None
    of_run: OfRun | None = None


def _both(
    about: str,
    document: Callable[[list[Made]], str],
    of_changes: Callable[[Changes], list[Made]],
    of_run: Callable[[Run], list[Made]],
) -> Format:
    """A format of comparisons and of runs: `document` writes what they are made into first."""
    return Format(
        about,
        lambda changes: document(of_changes(changes)),
        lambda run, arm: document(of_run(run)),
    )


_POINTS = (points.of_changes, points.of_run)
_FAMILIES = (openmetrics.families_of_changes, openmetrics.families_of_run)
FORMATS: Mapping[str, Format] = {
    "markdown": Format("summary of a CI job", markdown.of_changes),
    "junit": Format("JUnit XML", junit.of_changes),
    "github": Format("annotations of a GitHub job", github.of_changes),
    "github-action-benchmark-smaller": _both(
        "its tool customSmallerIsBetter", benchmark_action.smaller, *_POINTS
    ),
    "github-action-benchmark-bigger": _both(
        "its tool customBiggerIsBetter", benchmark_action.bigger, *_POINTS
    ),
    "bmf": _both("Bencher Metric Format", bmf.document, *_POINTS),
    "openmetrics": _both("OpenMetrics text", openmetrics.document, *_FAMILIES),
    "prometheus": _both(
        "Prometheus' text format, for node_exporter", openmetrics.older_document, *_FAMILIES
    ),
    "pyperf": Format("pyperf JSON of one arm", None, pyperf.document),
}
STDOUT = "-"


def asked_changes(asked: Sequence[str]) -> list[tuple[OfChanges, str]]:
    """(maker, file) for each FORMAT=FILE of a comparison; to be called before anything is measured.

    UsageError for an unknown format, one that holds no comparison, or a file that cannot be
    written.
    """
    return [
        (
            _able(
                name,
                FORMATS[name].of_changes,
                "a comparison",
                "`bench export RUN --write` makes it of a stored run",
            ),
            at,
        )
        for name, at in _split(asked)
    ]


def asked_run(asked: Sequence[str]) -> list[tuple[OfRun, str]]:
    """(maker, file) for each FORMAT=FILE of a stored run; UsageError as above."""
    return [
        (
            _able(
                name,
                FORMATS[name].of_run,
                "a stored run",
                "`bench compare BASE HEAD --write` makes it of two",
            ),
            at,
        )
        for name, at in _split(asked)
    ]


def write(changes: Changes, asked: Sequence[str]) -> list[Path]:
    """Write a comparison in every format asked for and return the files."""
    return _write((make(changes), at) for make, at in asked_changes(asked))


def write_run(run: Run, asked: Sequence[str], arm: str | None = None) -> list[Path]:
    """Write a stored run in every format asked for and return the files.

    Where a format holds one arm, it is `arm`.
    """
    return _write((make(run, arm), at) for make, at in asked_run(asked))


def _able(name: str, make: Made | None, what: str, instead: str) -> Made:
    if make is None:
        raise UsageError(f"{name} is no format of {what}: {instead}")
    return make


def _split(asked: Sequence[str]) -> Iterable[tuple[str, str]]:
    for each in asked:
        name, equals, at = each.partition("=")
        if not (equals and at):
            raise UsageError(
                f"{each!r} is not FORMAT=FILE: write one like junit=report.xml, "
                "or markdown=- for standard output"
            )
        if name not in FORMATS:
            raise nearest(name, FORMATS, "format")
        if at != STDOUT:
            _check_place(Path(at))
        yield name, at


def _check_place(path: Path) -> None:
    """UsageError for a file that could not be written later, raised before anything is measured."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise UsageError(
            f"{path} cannot be written: there is no folder {path.parent}, "
            "make it or name another file"
        )
    refuse_unwritable(path, "name another file")


def _write(documents: Iterable[tuple[str, str]]) -> list[Path]:
    """Make every document, then write them.

    So a format that cannot be made leaves no other half of the answer behind.
    """
    written, refused = [], []
    for text, at in list(documents):
        if at == STDOUT:
            document(text)
            continue
        try:
            _write_file(Path(at), text)
        except OSError as error:
            refused.append(f"{at} cannot be written ({error.strerror})")
            continue
        written.append(Path(at))
    if refused:
        raise UsageError(f"{', '.join(refused)}: name another file")
    return written


def _write_file(path: Path, text: str) -> None:
    if str(path) == os.environ.get("GITHUB_STEP_SUMMARY"):
        # It is shared by all that the step runs: replacing it would take away what another has
        # written.
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(text)
    elif path.exists() and not stat.S_ISREG(path.stat().st_mode):
        # /dev/null or a pipe is never replaced by a file.
        path.write_text(text, encoding="utf-8", errors="replace")
    else:
        part = path.with_name(path.name + ".part")
        part.write_text(text, encoding="utf-8", errors="replace")
        os.replace(part, path)
