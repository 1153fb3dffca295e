"""What does a row cost, and what would a billion rows a day cost?"""
