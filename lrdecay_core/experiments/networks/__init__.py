"""What the chapters train: late decay, its boundaries, rules for a run of one's own, sweeps."""
