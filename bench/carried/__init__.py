"""Parts of a reference that older code has measured, which was shown to make no difference."""
