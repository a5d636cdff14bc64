"""A receiver that speaks PagerDuty's Events API v2, so that what would wake somebody can be read."""
