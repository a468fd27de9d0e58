"""What a reader must know first of a page as a whole: of its sizes, and of its blocks."""

GENERAL = (
    "Fewer than 3 blocks: there is no interval around any number here, so read orders of magnitude "
    "only. Five blocks (bench run --blocks 5) give intervals."
)
SMOKE = "This was a smoke run: it shows that everything works and makes no claim about any system."
GATE = (
    "This was a gate: short cells, many blocks, every arm at the rates of the base. It compares "
    "its arms; the full size says how fast they are."
)
QUICK = "This was a quick run: few tasks, short phases, short horizons. The full size decides."
