"""What each system can do, shown live: trials by the adapters, judged by one rule for all."""
