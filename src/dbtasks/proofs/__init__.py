"""What a migration history promises, as tests: `pytest --pyargs dbtasks.proofs`.

| proof | promise |
|---|---|
| single-head | the history has one head |
| upgrade | an empty database reaches the head |
| stairway | each revision can be undone and applied again, and each leaves the catalog as it should |
| models | the models and the migrations agree |
| rows | rows survive each revision |
| plain-owner | the owner of a database can migrate it without being a superuser |
| base-branch | a database that is where the base branch is reaches the same head |
"""
