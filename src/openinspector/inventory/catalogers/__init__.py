"""The table of catalogers: one family a module, each exporting its rows as `CATALOGERS`."""
