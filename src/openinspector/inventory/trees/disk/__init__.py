"""Disks as trees, never mounted: containers hold volumes, volumes hold file systems.

`disk_tree.open_disk` takes any seekable file: an image, or a snapshot that is fetched by blocks.
"""
