"""What the chapters run on the nonlinear model: its geometry, where decay lands, when to decay."""
