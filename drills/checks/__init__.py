"""What must hold in a drill, one function a check: (subject) -> Check."""
