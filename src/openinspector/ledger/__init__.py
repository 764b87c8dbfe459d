"""Ledger: findings and coverage over time: reconcile, filters and suppression, aggregations."""
