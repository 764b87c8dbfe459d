"""Coverage-guided fuzzing of the readers of hostile bytes, where atheris is installed."""
