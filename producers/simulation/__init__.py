"""Eight invented platforms with planted truths: seeded, pure, without a clock."""
