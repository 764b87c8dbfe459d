"""Collect software: one `FileTree` for every target, a table of catalogers, SBOMs in and out."""
