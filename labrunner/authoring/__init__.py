"""The author's tools: lint, and qualification of modules on a cluster."""
