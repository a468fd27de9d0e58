"""The version of bench."""

VERSION = "0.2.0.dev0"
