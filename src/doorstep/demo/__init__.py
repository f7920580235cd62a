"""The demo district: synthetic residents, the same for the same seed and day, and a walk through the main line."""
