"""Series of blocks with noise as it was recorded, for far more gates than can be measured.

How often would the gate fire if nothing had changed? The noise of each measure is fitted to the
log-ratios of recorded A/A blocks: spread, autocorrelation from block to block, tails. Measures are
drawn independently of each other; the union bound of the decision needs no more.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bench.base.errors import UsageError
from bench.check.blocks import GATED, Block, Key, Number
from bench.check.decision import Decision
from bench.check.gate_file import metrics
from bench.model.metric import METRICS
from tools.gate_lab.recordings import MAKE_ONE, Recording
from tools.gate_lab.replay import MakeLooks, drive

Floats = npt.NDArray[np.float64]
FEWEST = 20  # blocks that a fit needs
DF = (2.5, 200.0)  # tails: from very heavy to normal
CHUNK = 1000
LONGEST = 120  # blocks of a series that a budget ends


@dataclass(frozen=True)
class Noise:
    """The noise of one measure between blocks: of log-ratios, or of differences for a count."""

    key: Key
    sd: float
    memory: float  # lag-1 autocorrelation
    df: float  # of the t that its tails are like
    missing: float  # share of blocks without a pair
    blocks: int

    def words(self) -> str:
        """The fit in one line."""
        unit = f"{self.sd:.2%}" if METRICS[self.key.metric].kind == "ratio" else f"{self.sd:.3g}"
        return (
            f"{self.key.id}: sd {unit}, lag-1 {self.memory:+.2f}, t({self.df:.3g}), "
            f"{self.missing:.0%} missing, {self.blocks} blocks"
        )


def fit(recordings: Sequence[Recording]) -> list[Noise]:
    """The noise of every judged measure; UsageError if the recordings are too short for it."""
    keys = dict.fromkeys(
        key
        for each in recordings
        for block in each.blocks
        for key in block.pairs
        if key.metric in GATED
    )
    fits = (_fit(key, [_series(each, key) for each in recordings]) for key in keys)
    fitted = [noise for noise in fits if noise is not None]
    if not fitted:
        raise UsageError(
            f"a fit needs {FEWEST} recorded A/A blocks with numbers: record more by {MAKE_ONE} "
            f"with --aa"
        )
    return fitted


def _series(recording: Recording, key: Key) -> list[float | None]:
    count = METRICS[key.metric].kind == "count"
    series: list[float | None] = []
    for block in recording.blocks:
        base, head = (number.value for number in block.pairs.get(key, (Number(None), Number(None))))
        if base is None or head is None or (not count and min(base, head) <= 0):
            series.append(None)
        else:
            series.append(head - base if count else math.log(head) - math.log(base))
    return series


def _fit(key: Key, series: Sequence[Sequence[float | None]]) -> Noise | None:
    known = [each for part in series for each in part if each is not None]
    if len(known) < FEWEST:
        return None
    values = np.array(known)
    # Of the same code what is not 0 is noise, its mean included.
    sd = math.sqrt(float(np.mean(values**2)))
    if sd == 0:
        return Noise(key, 0.0, 0.0, DF[1], 0.0, len(known))
    steps = [
        (a, b) for part in series for a, b in pairwise(part) if a is not None and b is not None
    ]
    products = [a * b for a, b in steps] or [0.0]
    memory = float(np.clip(np.mean(products) / sd**2, -0.95, 0.95))
    missing = 1 - len(known) / sum(map(len, series))
    return Noise(key, sd, memory, _tails(values / sd), missing, len(known))


def _tails(values: Floats) -> float:
    """Degrees of freedom of the t of the same variance under which these values are likeliest."""
    from scipy import stats

    grid = np.geomspace(*DF, 60)
    scale = np.sqrt((grid - 2) / grid)
    likelihoods = np.sum(stats.t.logpdf(values, grid[:, None], scale=scale[:, None]), axis=1)
    return float(grid[np.argmax(likelihoods)])


def suites(
    noise: Sequence[Noise],
    count: int,
    length: int,
    seed: int,
    planted: Mapping[str, float],
    seconds: Mapping[str, float] | None = None,
) -> Iterator[list[Block]]:
    """`count` series of `length` blocks each.

    `planted`: metric → true ratio, or true difference for a count. `seconds`: of each scenario in a
    block.
    """
    rng = np.random.default_rng(seed)
    for start in range(0, count, CHUNK):
        size = min(CHUNK, count - start)
        drawn = [_drawn(each, size, length, rng, planted.get(each.key.metric)) for each in noise]
        for suite in range(size):
            yield [
                Block(
                    {
                        each.key: _pair(each, values[suite, at])
                        for each, values in zip(noise, drawn, strict=True)
                    },
                    seconds or {},
                )
                for at in range(length)
            ]


def _drawn(
    noise: Noise, size: int, length: int, rng: np.random.Generator, planted: float | None
) -> Floats:
    """(size, length): autoregressive of order one with innovations of scaled t.

    NaN where a pair is missing.
    """
    scale = noise.sd * math.sqrt((noise.df - 2) / noise.df)
    fresh = rng.standard_t(noise.df, (size, length)) * scale
    values = np.empty_like(fresh)
    values[:, 0] = fresh[:, 0]
    for at in range(1, length):
        values[:, at] = (
            noise.memory * values[:, at - 1] + math.sqrt(1 - noise.memory**2) * fresh[:, at]
        )
    if planted is not None:
        values += math.log(planted) if METRICS[noise.key.metric].kind == "ratio" else planted
    values[rng.random((size, length)) < noise.missing] = math.nan
    return values


def _pair(noise: Noise, value: float) -> tuple[Number, Number]:
    if math.isnan(value):
        return Number(None, "invalid"), Number(None, "invalid")
    if METRICS[noise.key.metric].kind == "count":
        return Number(0.0), Number(float(value))
    return Number(1.0), Number(math.exp(value))


def gates(made: Iterable[list[Block]], make_looks: MakeLooks) -> Iterator[tuple[Decision, float]]:
    """A gate on each series, and its seconds."""
    for blocks in made:
        yield drive(blocks, make_looks())[:2]


def planted(words: Iterable[str]) -> dict[str, float]:
    """Metric → true ratio, from METRIC=25% or METRIC=-10%; of a count METRIC=1, the difference.

    UsageError for anything else.
    """
    changes = {}
    for word in words:
        metric, _, value = word.partition("=")
        metrics([metric])
        try:
            number = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
        except ValueError:
            raise UsageError(f"--plant {word}: write METRIC=25%") from None
        changes[metric] = number if METRICS[metric].kind == "count" else 1 + number
        if METRICS[metric].kind == "ratio" and number <= -1:
            raise UsageError(f"--plant {word}: nothing can fall by all there is")
    return changes
