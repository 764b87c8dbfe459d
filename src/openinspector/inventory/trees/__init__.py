"""Targets as trees of files: directory, image layers, zip, and what they have in common."""
