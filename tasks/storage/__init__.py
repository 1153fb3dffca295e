"""What is deleted from the database, and copied out of it as a whole."""
