"""The seam between the dispatcher and whatever runs the analysis. A worker knows neither the store nor the outbox."""
