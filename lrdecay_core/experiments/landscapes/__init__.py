"""What the chapters look at: solutions, the ways and planes between them, the model's beside the networks'."""
