"""What a distribution says of itself: no live data, nothing from memory."""

from collections.abc import Iterator
from importlib.metadata import metadata

from bench.inprocess.trials.lab import Lab, Observation


def package(name: str, lab: Lab) -> Observation:
    """From the metadata of the installed package."""
    about = metadata(name)

    def field(name: str) -> str:
        # From 3.12 on about[name] warns of a KeyError to come where there is none.
        values: list[str] = about.get_all(name) or []
        return values[0] if values else ""

    kinds = about.get_all("Classifier") or []
    required = [each for each in about.get_all("Requires-Dist") or [] if "extra ==" not in each]
    texts = (line[:40] for line in field("License").splitlines() if line)

    def words(prefix: str, mark: str) -> Iterator[str]:
        return (kind.rpartition(mark)[2] for kind in kinds if kind.startswith(prefix))

    return {
        "release": about["Version"],
        "python": field("Requires-Python") or "any",
        "requires": len(required),
        "status": next(words("Development Status", " - "), "no word on its status"),
        "licence": field("License-Expression")
        or next(words("License ::", ":: "), "")
        or next(texts, "no licence named"),
    }
