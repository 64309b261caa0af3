"""The report of one contract as a self-contained HTML page."""

from tclp_daemon.report.render import render_report

__all__ = ["render_report"]
