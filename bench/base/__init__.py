"""What everything else may rest on: it knows nothing of queues."""
