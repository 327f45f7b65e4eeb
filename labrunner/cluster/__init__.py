"""Cluster drivers behind one protocol: the simulated cluster, kind, and any existing context."""
