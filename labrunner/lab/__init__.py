"""The session: one learner, one module. Commands in, events out; the app and the command line share it."""
