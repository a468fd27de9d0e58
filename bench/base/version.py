"""The version that `bench --version` prints and every run stores."""

VERSION = "0.2.0.dev0"
