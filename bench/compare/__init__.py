"""Two runs, or two arms, beside each other: what changed, by how much, and whether the blocks bear it."""
