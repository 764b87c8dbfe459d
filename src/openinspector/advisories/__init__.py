"""Knowledge: feeds, all normalised to OSV, compiled into one advisory database."""
