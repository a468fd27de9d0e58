"""The advice as a script of a page, so that a form answers offline what the command answers."""

import inspect
from pathlib import Path

from bench.advise import ranking, rules, sizing
from bench.advise.javascript import translated


def form_script() -> str:
    """JavaScript that defines `advice.answer(asked, known)` and `advice.short(number)`.

    `asked` has the fields of `Asked`, `known` is what `facts` gives; the answer is a list of
    `Candidate` as plain objects.
    """
    host = (Path(__file__).parent / "python.js").read_text(encoding="utf-8")
    own = translated(*(inspect.getsource(module) for module in (sizing, rules, ranking)))
    lines = ["const advice = (() => {", '"use strict";', host + own]
    return "\n".join([*lines, "return { answer, short };", "})();", ""])
