"""What a migration history promises, as tests: `pytest --pyargs dbtasks.proofs`."""
