"""Imports of foreign labs: scenarios, documents, question lists."""
