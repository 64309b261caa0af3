"""For the administrator: is everything in place, does everything balance, and how to get back what was lost."""
