"""The version of bench."""

VERSION = "0.1.0"
