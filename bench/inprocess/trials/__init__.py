"""What a feature probe has at hand inside its own process."""
