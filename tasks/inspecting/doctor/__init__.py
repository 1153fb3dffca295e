"""The settings go in; what is wrong with the set-up comes out, part by part, each with its remedy."""
