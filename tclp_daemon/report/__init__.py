"""The report of one contract as a self-contained HTML page, and the portfolio of all contracts as a table."""

from tclp_daemon.report.render import render_report

__all__ = ["render_report"]
