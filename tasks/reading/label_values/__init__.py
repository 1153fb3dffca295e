"""What people write in a column of labels, and which of it says fake, which real."""
