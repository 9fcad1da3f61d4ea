"""What Grafana and Prometheus are given fits the metrics that there are."""
