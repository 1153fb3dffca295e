"""Settings go in; an open database, supervised programs and a private broker come out, for every other room."""
