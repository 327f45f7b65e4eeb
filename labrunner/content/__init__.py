"""Files → immutable models. Every mistake carries file, line, column and a remedy."""
