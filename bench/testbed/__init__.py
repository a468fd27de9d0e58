"""One live cell: broker, workers, load, sampler, faults."""
