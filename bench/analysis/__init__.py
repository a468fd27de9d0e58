"""Stored runs as one data set: statistics, comparisons, evidence. Nothing is drawn here."""
