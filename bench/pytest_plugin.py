"""A gate inside a test suite of your own: the fixture `queue_bench`.

`pytest_plugins = ["bench.pytest_plugin"]` in conftest.py brings it. It is no entry point: pytest
loads those into every suite of the environment, and nobody who installs a benchmark asked for that.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pytest

from bench.analysis.comparison_result import Changes
from bench.base import errors

Gate = Callable[..., Changes]


class Unfit(Exception):
    """The gate ended without an answer: tasks lost or doubled, or no cell that is valid."""


@dataclass(frozen=True)
class QueueBench:
    """What a test asks its questions of."""

    gate: Gate

    def check(
        self,
        base: str,
        head: str,
        budget: str | float = "2m",
        inconclusive: Literal["skip", "fail", "pass"] = "skip",
        write: Sequence[str] = (),
        **asked: Any,
    ) -> Changes:
        """Measure head beside base and return what came out.

        `asked` are further fields of bench.check.check_options.CheckOptions (Any: each has a type
        of its own), `write` is FORMAT=FILE. A regression fails the test, an inconclusive answer
        skips it unless told otherwise, anything wrong or invalid raises `Unfit`.
        """
        __tracebackhide__ = True
        if inconclusive not in ("skip", "fail", "pass"):
            raise errors.UsageError(f"inconclusive={inconclusive!r}: say skip, fail or pass")
        from bench.check.gate_file import seconds
        from bench.formats import registry

        registry.asked_changes(write)
        changes = self.gate(base=base, head=head, budget_s=seconds(str(budget)), **asked)
        registry.write(changes, write)
        match changes.exit_code, inconclusive:
            case (errors.EXIT_OK, _) | (errors.EXIT_INCONCLUSIVE, "pass"):
                return changes
            case errors.EXIT_INCONCLUSIVE, "skip":
                pytest.skip(f"queue-bench: inconclusive: {changes.summary}")
            case ((errors.EXIT_REGRESSION | errors.EXIT_INCONCLUSIVE), _):
                raise AssertionError(in_words(changes))
        raise Unfit(in_words(changes))


def in_words(changes: Changes) -> str:
    """The summary, and a line for every measure that is not the same."""
    from bench.formats.texts import ordered, sentence, verdict

    lines = ordered(changes)
    telling = [sentence(line, changes) for line in lines if line.says != "same"]
    same = [f"{len(lines) - len(telling)} of {len(lines)} measures are the same"] if lines else []
    return "\n".join(
        [
            f"queue-bench: {verdict(changes)}",
            f"{changes.base} → {changes.head}",
            *changes.notes,
            *(f"  {line}" for line in telling),
            *same,
        ]
    )


@pytest.fixture(scope="session")
def queue_bench_gate() -> Gate:
    """The gate that measures.

    A suite may have a fixture of the same name in its place, to try its tests without measuring.
    """

    def gate(**asked: Any) -> Changes:
        from bench.check.check_options import CheckOptions
        from bench.check.live_gate import check
        from bench.features.beside_base import features_of
        from bench.hosts import lock

        with lock.measuring(wait=True):
            return check(CheckOptions(**asked), features_of)

    return gate


@pytest.fixture(scope="session")
def queue_bench(queue_bench_gate: Gate) -> QueueBench:
    """`queue_bench.check(base=…, head=…)`."""
    return QueueBench(queue_bench_gate)
