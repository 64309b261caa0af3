"""For the administrator: is everything in place, does everything agree, and how to get back what was lost."""
