"""Uses sqlite3 as programs do: files, transactions, WAL, backup, memory; in the directory that it is given."""

import sqlite3
import sys

directory = sys.argv[1]
db = sqlite3.connect(directory + "/data.sqlite")
print(db.execute("pragma journal_mode=wal").fetchone()[0])
with db:
    db.execute("create table t (a integer primary key, b text)")
    db.executemany("insert into t (b) values (?)", [(str(n),) for n in range(1000)])
print(db.execute("select count(*), sum(a) from t").fetchone())
copy = sqlite3.connect(directory + "/copy.sqlite")
db.backup(copy)
print(copy.execute("select count(*) from t").fetchone())
memory = sqlite3.connect(":memory:")
print(memory.execute("select 1").fetchone())
temporary = sqlite3.connect("")
temporary.execute("create table t (a)")
copy.close()
db.close()
