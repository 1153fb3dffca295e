"""What the system does, a room for each thing. Each step is a plain function that commands, workers and tests call."""
