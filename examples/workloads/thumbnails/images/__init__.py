"""Pictures that are made smaller."""
