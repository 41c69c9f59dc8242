"""Programs of a few lines that read the same file of events as `viewgraph import`."""
