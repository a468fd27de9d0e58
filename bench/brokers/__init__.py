"""The brokers: a module for each family, which starts, stops, kills and counts."""
