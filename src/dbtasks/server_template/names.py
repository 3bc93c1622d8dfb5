"""What the files of a server's templates are called: the server's key, a digest, and one of these."""

TAR, RECORD = ".template.tar", ".template.json"
# The server's key and these name the lock of all of them, and the draft of a new one.
LOCK = ".template"
DRAFT = f"{LOCK}.draft"
