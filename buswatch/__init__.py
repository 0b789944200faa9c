"""The composition root: settings, the pipeline, wiring and the command line."""
