"""One file per order: each turns a version into bytes, or says why it cannot read it."""
