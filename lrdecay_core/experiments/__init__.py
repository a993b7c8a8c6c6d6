"""What each chapter runs: one function per experiment returns its configurations for a profile."""
