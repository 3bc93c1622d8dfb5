from dbtasks import run_migrations
from migrations.models import metadata

run_migrations(metadata)
