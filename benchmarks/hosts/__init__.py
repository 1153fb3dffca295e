"""Several hosts: what a fault between them costs, and what a distance does to the rate."""
