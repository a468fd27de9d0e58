"""Many stored runs over time: where a measure changed for good, and which versions changed there."""
