"""The brokers: start, stop, kill, count."""
