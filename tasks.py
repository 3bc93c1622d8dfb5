from invoke import Collection

import dbtasks

ns = Collection(dbtasks.init, dbtasks.start, db=dbtasks.collection())
