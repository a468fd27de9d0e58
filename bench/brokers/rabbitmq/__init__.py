"""RabbitMQ, which knows of a task only that a message waits in a queue."""

from bench.brokers.contract import Family
from bench.brokers.rabbitmq.embedded import EmbeddedRabbit, find_rabbitmq
from bench.brokers.rabbitmq.own import OwnRabbit

FAMILY = Family(
    find=lambda kind: str(find_rabbitmq()),
    embedded=EmbeddedRabbit,
    given=OwnRabbit,
    far=True,
)
