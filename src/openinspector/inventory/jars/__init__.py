"""Read Java archives in memory: their directory, their metadata, and which library each one is."""
