"""From the stored files of a cell to its figures: pure, so that they come out the same each time."""
