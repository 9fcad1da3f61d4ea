"""The dashboard: files for a browser. All that it shows comes through the control API."""
