"""What Prometheus reads: of a process what it has done, of the system where it stands."""
