"""Electrocardiograms: samples as millivolts, and drawn to scale."""
