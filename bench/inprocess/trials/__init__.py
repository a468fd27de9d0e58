"""What a trial of a feature has at hand inside its own process."""
