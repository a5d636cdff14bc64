"""Zep through its official SDK: transport with hard deadlines, failure kinds, and the adapter."""
