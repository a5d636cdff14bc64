"""drills rehearse: break a running stack on purpose, watch it recover, judge what was seen."""
