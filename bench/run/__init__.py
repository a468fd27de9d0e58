"""A plan, and carrying it out cell by cell."""
