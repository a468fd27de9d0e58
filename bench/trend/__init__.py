"""Many stored runs over time: where a measure changed for good, and what changed there."""
