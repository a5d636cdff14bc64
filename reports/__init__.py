"""reports show: a finished run's folder in, one self-contained HTML page out."""
