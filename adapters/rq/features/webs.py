"""Web frameworks, and the package itself."""

from adapters.rq.features import steps
from bench.inprocess.trials import package, web
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()
MODULE = "adapters.rq.features.trial_app"


@TRIALS.of("web.fastapi", packages=("fastapi", "uvicorn"))
def fastapi(lab: Lab) -> Observation:
    """Enqueue by `enqueue` from an async endpoint."""
    steps.worker(lab, *steps.SIMPLE)
    return web.fastapi(lab, MODULE, steps.queue(lab).enqueue)


@TRIALS.of("web.django", packages=("django",))
def django(lab: Lab) -> Observation:
    """Enqueue by `enqueue` from a view."""
    from adapters.rq.features import trial_app

    steps.worker(lab, *steps.SIMPLE, "--quiet", "--results-ttl", "0")
    return web.django(lab, trial_app.enqueue)


@TRIALS.of("community.package", broker="none")
def about(lab: Lab) -> Observation:
    """What the metadata of the distribution rq say."""
    return package.package(lab, "rq")
