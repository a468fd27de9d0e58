"""Web frameworks, and the package itself."""

from adapters.celery.features import steps
from bench.inprocess.trials import package, web
from bench.inprocess.trials.lab import Lab, Observation
from bench.inprocess.trials.trial import Trials

TRIALS = Trials()


@TRIALS.of("web.fastapi", packages=("fastapi", "uvicorn"))
def fastapi(lab: Lab) -> Observation:
    """Enqueue by `delay` from an async endpoint."""
    module = steps.app(lab)
    steps.worker(lab, module)
    return web.fastapi(lab, steps.MODULE, module.task("touch").delay)


@TRIALS.of("web.django", packages=("django",))
def django(lab: Lab) -> Observation:
    """Enqueue by `delay` from a view."""
    module = steps.app(lab, task_ignore_result=True)
    steps.worker(lab, module)
    return web.django(lab, module.enqueue)


@TRIALS.of("community.package", broker="none")
def about(lab: Lab) -> Observation:
    """What the metadata of the distribution celery say."""
    return package.package(lab, "celery")
