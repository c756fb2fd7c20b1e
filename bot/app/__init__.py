"""The composition root: settings in, a Bot with `run` and `stop` out. The only folder that imports everyone."""
