"""Doorstep: one lifelong record per resident, shared by the institutions of one district."""

__version__ = "0.1.0"
