"""One detector a file: its parameters with their sources, its compiled functions, its evidence."""
