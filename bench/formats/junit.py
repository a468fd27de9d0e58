"""JUnit XML as Jenkins and GitLab read it.

It has a suite per scenario, a test case per measure, and one case for the verdict of the whole.
"""

import io
from collections.abc import Sequence
from xml.etree import ElementTree as xml

from bench.analysis.comparison_result import Change, Changes
from bench.base.errors import EXIT_OK
from bench.formats.texts import (
    UNDECIDED,
    Outcome,
    facts,
    headline,
    of_whom,
    one_line,
    ordered,
    outcome,
    sentence,
    verdict,
)

_ELEMENT = {
    "passed": "system-out",
    "failed": "failure",
    "error": "error",
    "skipped": "skipped",
}
_COUNTS: tuple[tuple[str, Outcome], ...] = (
    ("failures", "failed"),
    ("errors", "error"),
    ("skipped", "skipped"),
)
Case = tuple[str, Outcome, str, str]  # name, outcome, one line, all there is to say


def of_changes(changes: Changes) -> str:
    """The document; it has a failure or an error exactly where the exit code is not 0.

    That holds for an empty comparison too.
    """
    suites = [
        _suite("gate", changes, [("verdict", _whole(changes), headline(changes), verdict(changes))])
    ]
    lines = ordered(changes)
    for scenario in dict.fromkeys(line.scenario for line in lines):
        cases = [_of_line(line, changes) for line in lines if line.scenario == scenario]
        suites.append(_suite(scenario, changes, cases))
    root = xml.Element("testsuites", name=one_line(f"queue-bench: {changes.title}"))
    root.extend(suites)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    xml.indent(root)
    out = io.BytesIO()
    xml.ElementTree(root).write(out, encoding="utf-8", xml_declaration=True)
    return out.getvalue().decode() + "\n"


def _of_line(line: Change, changes: Changes) -> Case:
    return (
        f"{line.id} {of_whom(line, changes)}",
        outcome(line, changes.exit_code),
        line.says,
        sentence(line, changes),
    )


def _whole(changes: Changes) -> Outcome:
    if changes.exit_code == EXIT_OK:
        return "passed" if changes.lines else "skipped"
    return "error" if changes.exit_code in UNDECIDED else "failed"


def _suite(name: str, changes: Changes, cases: Sequence[Case]) -> xml.Element:
    counts = {word: str(sum(case[1] == which for case in cases)) for word, which in _COUNTS}
    suite = xml.Element(
        "testsuite", {"name": f"queue-bench.{one_line(name)}", "tests": str(len(cases)), **counts}
    )
    properties = xml.SubElement(suite, "properties")
    for key, value in (
        ("base", one_line(changes.base)),
        ("head", one_line(changes.head)),
        *facts(changes.about),
    ):
        xml.SubElement(properties, "property", name=key, value=value)
    for title, result, short, whole in cases:
        case = xml.SubElement(
            suite, "testcase", name=one_line(title), classname=suite.get("name", "")
        )
        about = {} if result == "passed" else {"message": whole, "type": short}
        xml.SubElement(case, _ELEMENT[result], about).text = whole
    return suite
