"""For the administrator: is everything in place, does everything balance, and how is what was lost brought back."""
