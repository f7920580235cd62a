"""Pages on which residents say how it was, and on which their complaints are answered."""
