"""What the chapters train: late decay, its boundaries, the planner, sweeps."""
