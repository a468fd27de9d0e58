"""Which arm meets what is asked for, from stored runs and features alone."""
