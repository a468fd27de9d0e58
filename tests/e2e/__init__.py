"""Real runs from end to end, and the command line as users type it."""
