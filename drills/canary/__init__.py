"""May a rollout go on?  A policy's criteria, asked of Prometheus interval by interval."""
