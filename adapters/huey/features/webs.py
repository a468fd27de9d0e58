"""Web frameworks, and the package itself."""

from adapters.huey.features import steps
from bench.inprocess.trials import package, web
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()


@TRIALS.of("web.fastapi", packages=("fastapi", "uvicorn"))
def fastapi(lab: Lab) -> Observation:
    """The decorated function, called in an async endpoint."""
    module = steps.app(lab)
    steps.consumer(lab, module)
    return web.fastapi(lab, steps.MODULE, module.TASKS["touch"])


@TRIALS.of("web.django", packages=("django",))
def django(lab: Lab) -> Observation:
    """The decorated function, called in a view."""
    module = steps.app(lab)
    steps.consumer(lab, module, "-q")
    return web.django(lab, module.enqueue)


@TRIALS.of("community.package", broker="none")
def about(lab: Lab) -> Observation:
    """What the metadata of the distribution huey say."""
    return package.package(lab, "huey")
