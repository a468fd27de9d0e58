"""The nouns, frozen and typed: what a run is asked for, and every stored record."""
