"""The board: adds up what the workers tell on `measures` and shows it as metrics."""
