"""The kinds of checks, one small file per family. `evaluation` knows them all."""
