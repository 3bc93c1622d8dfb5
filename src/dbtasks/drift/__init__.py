"""Models against migrations: what a new revision would have to do."""
