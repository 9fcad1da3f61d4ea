"""What Grafana and Prometheus are given: a dashboard and alert rules."""
