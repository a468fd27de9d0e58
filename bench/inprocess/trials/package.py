"""What a distribution says of itself: no live data, nothing from memory."""

from collections.abc import Iterator
from importlib.metadata import metadata

from bench.inprocess.trials.lab import Lab, Observation


def package(name: str, lab: Lab) -> Observation:
    """From the metadata of the installed package."""
    about = metadata(name)
    kinds = about.get_all("Classifier") or []
    required = [each for each in about.get_all("Requires-Dist") or [] if "extra ==" not in each]
    texts = (line[:40] for line in (about["License"] or "").splitlines() if line)

    def words(prefix: str, mark: str) -> Iterator[str]:
        return (kind.rpartition(mark)[2] for kind in kinds if kind.startswith(prefix))

    return {
        "release": about["Version"],
        "python": about["Requires-Python"] or "any",
        "requires": len(required),
        "status": next(words("Development Status", " - "), "no word on its status"),
        "licence": about["License-Expression"]
        or next(words("License ::", ":: "), "")
        or next(texts, "no licence named"),
    }
