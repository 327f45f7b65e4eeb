"""Ready sets of custom kinds (Istio, Gateway API, Linkerd) that a lab asks for by name and the server then serves.

The definitions are our own: the names, fields, limits and refusals of the projects' own APIs, each described in a sentence
of ours. One folder a set: ``set.yaml`` says what it models, ``pieces.yaml`` holds what several kinds share, every other file
kinds of one API group. A schema is written in the short notation of ``schema.py``; ``definitions.py`` tells a kind's facts.
"""

from labrunner.sim.kindsets.sets import KindSet, UnknownSetError, load, names

__all__ = ["KindSet", "UnknownSetError", "load", "names"]
