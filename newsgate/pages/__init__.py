"""A report, an explanation or a reliability diagram goes in; one HTML or SVG file that needs nothing else comes out."""
