"""Who may do what: signatures, access keys, policies, limits, and the audit log."""
