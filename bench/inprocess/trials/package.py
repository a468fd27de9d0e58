"""What a distribution says of itself: no live data, nothing from memory."""

from importlib.metadata import metadata

from bench.inprocess.trials.lab import Lab, Observation


def package(lab: Lab, name: str) -> Observation:
    """From the metadata of the installed package."""
    about = metadata(name)
    kinds = about.get_all("Classifier") or []
    short = next((line for line in (about["License"] or "").splitlines() if line), "")[:40]

    def kind_of(prefix: str) -> str:
        return next((kind.rpartition(":: ")[2] for kind in kinds if kind.startswith(prefix)), "")

    required = [each for each in about.get_all("Requires-Dist") or [] if "extra ==" not in each]
    return {
        "release": about["Version"],
        "python": about["Requires-Python"] or "any",
        "requires": len(required),
        "status": next(
            (kind.rpartition(" - ")[2] for kind in kinds if kind.startswith("Development Status")),
            "no word on its status",
        ),
        "licence": about["License-Expression"]
        or kind_of("License ::")
        or short
        or "no licence named",
    }
