"""What the system does, a room for each thing; every step is a plain function first, called alike by commands, workers and tests."""
