"""Which host has which role: one has the broker, some send, some work, and none does two."""

from collections.abc import Mapping
from typing import Literal

from bench.model.stored import Record

HOSTS = "hosts"  # the parameter of a cell that has not all of the worker hosts
SCALE = "scale"  # stands for each number of them that there is
Engine = Literal["ssh", "netns", "dask"]


class Placement(Record):
    """The hosts of a run by the names under which the engine reaches them.

    `cluster` is the scheduler of Dask's. `broker` is empty where a server of the user's is given by
    URL; `address` is where a broker of ours listens, empty where it is to be found out. `workers`
    are in the order in which they are added, each with how many workers it has, or None for what
    --workers says.
    """

    engine: Engine
    cluster: str = ""
    broker: str = ""
    address: str = ""
    generators: tuple[str, ...]
    workers: Mapping[str, int | None]

    @property
    def engine_and_count(self) -> str:
        """What run.json keeps of it: no name and no address; namespaces are known by that."""
        return f"{self.engine}:{len(self.hosts)}"

    def slots(self, each: int) -> int:
        """The workers of all hosts together, with so many where the file does not count them."""
        return sum(each if count is None else count for count in self.workers.values())

    def slots_of(self, hosts: int, total: int) -> int:
        """Of so many slots of all worker hosts together, those of the first `hosts`."""
        counted = list(self.workers.values())
        if None not in counted and sum(each or 0 for each in counted) == total:
            return sum(each or 0 for each in counted[:hosts])
        return total * hosts // len(counted)

    @property
    def hosts(self) -> tuple[str, ...]:
        """All of them: the broker's, the generators', the workers'."""
        return (*((self.broker,) if self.broker else ()), *self.generators, *self.workers)

    def labels(self) -> dict[str, str]:
        """What each host is called in results and on the page: its role, and never its address."""
        return {
            **({self.broker: "broker"} if self.broker else {}),
            **{host: f"generator-{n}" for n, host in enumerate(self.generators, 1)},
            **{host: f"worker-{n}" for n, host in enumerate(self.workers, 1)},
        }
