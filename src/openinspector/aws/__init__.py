"""What we read from AWS: who is there, and evidence about it. Nothing here changes findings."""
