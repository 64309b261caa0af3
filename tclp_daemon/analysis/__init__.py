"""Document -> sentences -> probabilities -> findings -> classification."""
