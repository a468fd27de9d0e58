"""The faults by name: what an adapter can be asked about without knowing how they are done."""

CORE = ("worker-crash", "child-crash", "deploy", "broker-crash")
FURTHER = (
    "rolling",
    "broker-freeze",
    "broker-full",
    "connections-killed",
    "enqueue-outage",
    "network-cut",
    "half-open",
    "poison",
    "hang",
)
FAULT_NAMES = (*CORE, *FURTHER)
