"""Event files, ledger, fates and the run folder: what is written, and read back."""
