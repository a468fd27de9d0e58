"""The commands, by what they do: measure something, read what is stored, judge by it."""
