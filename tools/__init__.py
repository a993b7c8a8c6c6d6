"""What builds and checks the book; the library itself is lrdecay_core."""
