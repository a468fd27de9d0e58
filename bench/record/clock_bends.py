"""What pings of both directions say alike: a clock that was moved by less than a line shows.

Pings that leave 100 µs of room hide a clock that is set by 60 µs: a line fits, and the truth is
beside its bounds. But a clock that moves takes the quickest pings of both directions along, while
a longer way, a queue or a busy core moves those of one, or the two apart.
"""

import numpy as np
import numpy.typing as npt

from bench.record.clock_lines import Floats

PIECE_NS = 2e9
Rows = tuple[Floats, Floats]
FEWEST = 5  # pings of a piece: the quickest of fewer tells of chance


def common_bend(sent: Floats, most: Floats, returned: Floats, least: Floats) -> float:
    """How far both directions bend away from a straight line together, in ns, 0 or more.

    `most` at `sent` are upper limits of the offset, `least` at `returned` lower ones, (pings,) ns.
    Each piece of 2 s gives the lowest of the one and the highest of the other. The two rows are
    made level by one slope, the median of those of all pairs in a row (Theil 1950), and each by its
    own median. Where both are left with the same sign, the smaller of the two is the bend.
    """
    piece = (sent // PIECE_NS).astype(int)
    pieces = [where for which in np.unique(piece) if (where := piece == which).sum() >= FEWEST]
    if len(pieces) < 3:  # through two points there is a line
        return 0.0
    middles = np.array([sent[where].mean() for where in pieces])
    slope, (over, under) = 0.0, _quickest(pieces, most, least)
    # Twice, because a steep drift blurs what is quickest in a piece.
    for _ in range(2):
        slope += _median_slope(middles, over, under)
        over, under = _quickest(pieces, most - slope * sent, least - slope * returned)
    return _most_alike(over - np.median(over), under - np.median(under))


def _quickest(pieces: list[npt.NDArray[np.bool_]], most: Floats, least: Floats) -> Rows:
    return (
        np.array([most[where].min() for where in pieces]),
        np.array([least[where].max() for where in pieces]),
    )


def _median_slope(at: Floats, *rows: Floats) -> float:
    first, second = np.triu_indices(len(at), 1)
    slopes = [(row[second] - row[first]) / (at[second] - at[first]) for row in rows]
    return float(np.median(np.concatenate(slopes)))


def _most_alike(over: Floats, under: Floats) -> float:
    alike = np.where(np.sign(over) == np.sign(under), np.minimum(abs(over), abs(under)), 0.0)
    return float(alike.max())
