"""From the stored files of a cell to its figures: pure, so they come out the same each time."""
