"""What each system can do, shown live: a catalogue of features, trials by the adapters, judgements by one rule for all."""
