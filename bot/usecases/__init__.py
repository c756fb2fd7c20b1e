"""The stories, one file each. They decide nothing that domain/ can decide and know no vendor: fields are ports."""
