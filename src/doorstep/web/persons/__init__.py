"""Pages about who is who: the desk that looks up and registers people, the registry that decides about pairs."""
