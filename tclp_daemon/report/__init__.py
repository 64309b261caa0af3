"""The report of one contract as a self-contained HTML page, and the portfolio of all contracts as a table."""
