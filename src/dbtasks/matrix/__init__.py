"""The test matrix as data: results of cells, their comparison across PostgreSQL majors, the report."""
