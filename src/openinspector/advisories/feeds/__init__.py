"""One file a publisher; every feed yields advisories in OSV schema."""
