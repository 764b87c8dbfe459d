"""Recognise software that no package manager knows: rows of data, and a small engine to apply them.

A row says which files may be a product, where its version stands and how it looks there.
`verified` names the real file that a row was tried on; rows without it follow the published sources
of the product.
"""
