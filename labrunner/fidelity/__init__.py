"""How true the simulated cluster is: kubectl sessions replayed on it, on a recording's behalf and on a real cluster.

A session is a folder: ``commands.txt`` (one kubectl command a line, run in order, in the folder, on a fresh cluster), the
files the commands name, and, where somebody recorded it, ``recorded.jsonl`` (cmd, rc, stdout, stderr a line).
"""
