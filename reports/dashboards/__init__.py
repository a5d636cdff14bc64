"""dashboards are what people watch and what wakes them: rules, routes and a Grafana dashboard.

`panels` says what is shown, `generate` makes Grafana's JSON of it.
"""
