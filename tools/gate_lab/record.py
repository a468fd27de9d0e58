"""So many blocks of base and head, measured as a live gate measures them, without a decision."""

from dataclasses import dataclass

import pandas as pd

from bench.analysis.comparison_result import Changes
from bench.check.check_options import CheckOptions
from bench.check.decision import decide
from bench.check.live_gate import LiveGate, prepared
from bench.run.runner import Watcher
from tools.gate_lab.recordings import Recording


@dataclass
class Recorder(LiveGate):
    """A gate that goes on for `count` blocks, whatever they say."""

    count: int = 1

    def wanted(self, measures: pd.DataFrame) -> bool:
        """Whether there are fewer blocks than `count`; the decision comes with the last."""
        blocks = self.blocks(measures)
        if len(blocks) < self.count:
            return True
        self.decision = decide(blocks, self.looks.rules, ended=True)
        return False


def record(
    options: CheckOptions, count: int, watcher: Watcher | None = None
) -> tuple[Changes, Recording]:
    """Measure `count` blocks; what they come to, and the blocks themselves.

    Features are not tried. UsageError as `bench.check.live_gate.check` raises it.
    """
    runner, (base, head) = prepared(options, watcher)
    recorder = Recorder(options, runner, (base.name, head.name), count=count)
    recorder.measure()
    blocks = tuple(recorder.stored_blocks())
    return recorder.changes(), Recording(runner.folder.name, base.name, head.name, blocks)
