"""Admission policies and webhooks: rules that users of the cluster wrote as objects, applied to each request."""
