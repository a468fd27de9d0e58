"""Adapters, brokers and trials against real servers."""
