"""What Prometheus reads of a server: numbers that only grow, and how things stand at this moment."""
