"""Signals: what leaves the service: exports to buckets and folders, and the sinks of events."""
