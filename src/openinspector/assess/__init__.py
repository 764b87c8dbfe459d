"""Assess: evidence x knowledge -> observations and findings. Pure: no I/O, no clock."""
