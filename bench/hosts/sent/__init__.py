"""What is sent to a far host as a command line: the standard library only."""
