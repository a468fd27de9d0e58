"""No broker, seconds: figures, rules, records, texts, and what is refused beforehand."""
