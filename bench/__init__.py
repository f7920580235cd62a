"""Every promise of speed as a benchmark that prints a ratio: ``python -m bench`` runs them (docs/performance.md)."""
