"""Redaction: what leaves for Zep carries no personal data and no secrets.  Pure: text in, text out."""

from guard.redact.gate import HAS_RE2
from guard.redact.policy import DROPPED, KINDS, RedactPolicy
from guard.redact.redactor import Redactor, UnredactableError
from guard.redact.span import Span

__all__ = ["DROPPED", "HAS_RE2", "KINDS", "RedactPolicy", "Redactor", "Span", "UnredactableError"]
