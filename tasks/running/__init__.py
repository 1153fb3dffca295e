"""Settings go in; an open database, supervised programs and a private broker come out: what every other room stands on."""
