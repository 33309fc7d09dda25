"""Products from their files: reading and checking (`files`) and writing (`load`)."""
