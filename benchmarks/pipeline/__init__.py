"""How fast are the rows of a file classified, and where does the time go?"""
