"""A crawler: pages are fetched, and their links are found."""
