"""Looks at the installation, an area each: what an installer gets wrong, said with its cure. Nothing is changed."""
