#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The vectors of what binds a store together, of its anchor and of the audit log, from agent/FORMAT.md alone, as
generate.py makes the others.

    tests/vectors/generate_store.py      writes store.txt, anchor.txt, auditlog.txt; the same bytes every time
"""
import hashlib, struct
from generate import File, aead, derive, flip, keyring_plain, record, seeded, wrap

STORE, ROOT_KEY = seeded("store", 16), seeded("root key", 32)
DATA = {1: seeded("data key", 32), 2: seeded("data key 2", 32)}
CREATED = 1700000000000000000
LIST_ID = b"tacit list rows"
ROW, LIST, META, ROOT, ANCHOR = 1, 2, 3, 4, 5
METAS = ("header", "keyring", "clock", "audit")


def mac(number, of, part, which, data, store=STORE):
    key = derive(DATA[number], b"tacit-integrity-", 0, store)
    return hashlib.blake2b(bytes([of, part]) + which + data, digest_size=32, key=key).digest()


def sealed(table, row_id, plain, name, number=1, store=STORE):
    a = dict(key=DATA[number], store=store, key_id=number, table=table, id=row_id, nonce=seeded("nonce of " + name, 24))
    return record(a, plain)


def text(octets):
    return struct.pack("<H", len(octets)) + octets


def id_of(name, first):
    return bytes([first]) + seeded(name, 15)


SECRET, VALUE, GRANT = id_of("a secret", 0x12), id_of("a value", 0x92), id_of("a grant", 0x7F)


def secret(created):
    return (b"\1\2" + text(b"db_password") + struct.pack("<QQI", CREATED, 1, 1)
            + struct.pack("<QQII", 1, created, 13, 1000) + VALUE + struct.pack("<QQQQQ", 1, 0, 0, 0, 0))


GRANTED = (b"\2\3" + SECRET + text(b"compose/shop/web") + text(b"db_password") + struct.pack("<IIHQQ", 0xFFFFFFFF, 20, 0o400, CREATED, 0)
           + struct.pack("<HIQQ", 0, 0, 0, 0) + text(b""))


class Whole:
    """A store: its meta rows, and its rows by table and id; lists and root are made of them."""

    def __init__(self, number=1, created=CREATED):
        keys = [(n, DATA[n]) for n in range(1, number + 1)]
        self.number, self.generation = number, 7
        self.meta = {"header": b"tacm" + struct.pack("<I", 2) + STORE + struct.pack("<Q", CREATED),
                     "keyring": wrap(ROOT_KEY, 2, STORE, seeded("nonce", 24), keyring_plain(number, keys)),
                     "locked": b"\0", "clock": struct.pack("<Q", CREATED + 5),
                     "audit": sealed(0, b"audit".ljust(16, b"\0"), seeded("chain key", 32), "audit", number)}
        self.rows = {(1, SECRET): sealed(1, SECRET, secret(created), "secret", number),
                     (2, VALUE): sealed(2, VALUE, b"correct horse", "value", number),
                     (1, GRANT): sealed(1, GRANT, GRANTED, "grant", number)}

    def entries(self, group):
        each = sorted((table, row_id) for table, row_id in self.rows if row_id[0] % 128 == group)
        return [bytes([t]) + i + mac(self.number, ROW, t, i, self.rows[t, i])[:16] for t, i in each]

    def close(self, order=lambda entries: entries, head=b"\x7f\1", store=STORE, root=lambda root: root, extra=None):
        """The same with its lists and its root."""
        listed, tags = dict(self.rows), b""
        for group in range(128):
            entries = b"".join(order(self.entries(group))) + ((extra or {}).get(group, b""))
            tags += mac(self.number, LIST, group, bytes(16), entries)[:16]
            if entries:
                at = LIST_ID + bytes([group])
                listed[1, at] = sealed(1, at, head + bytes([group, 0]) + entries, "list %d" % group, self.number)
        metas = b"".join(mac(self.number, META, 0, name.encode().ljust(16, b"\0"), self.meta.get(name, b""))[:16] for name in METAS)
        body = root(b"tacg" + struct.pack("<IQII", 1, self.generation, self.number, 0) + metas + tags)
        number = self.number if struct.unpack_from("<I", body, 16)[0] not in DATA else struct.unpack_from("<I", body, 16)[0]
        return dict(self.meta, root=body + mac(number, ROOT, 0, store, body, store)), listed


def listing(group):
    return 1, LIST_ID + bytes([group])


def stores():
    out = File("store.txt", "Stores: the meta rows `meta` and the rows `rows` (table:id:bytes), under the root key `root`. What a vector does not give is as in the first "
               "one; a row without bytes is not there. Opening ends as `expect` says; whether all is `sound`, and which rows are `served`.")
    first_meta, first_rows = Whole().close()
    everything = [SECRET, VALUE, GRANT]

    def store(name, whole=None, sound="no", served=everything, expect="ok", **changed):
        """`changed`: meta rows; rows are in `rows`."""
        meta, rows = whole or (first_meta, first_rows)
        meta, rows = dict(meta), dict(rows)
        rows.update(changed.pop("rows", {}))
        meta.update(changed)
        if (name == "good"):
            said_meta, said_rows = meta, rows
        else:
            said_meta = {n: meta.get(n, b"") for n in meta.keys() | first_meta.keys() if meta.get(n, b"") != first_meta.get(n, b"")}
            said_rows = {n: rows.get(n, b"") for n in rows.keys() | first_rows.keys() if rows.get(n, b"") != first_rows.get(n, b"")}
        out.add(name, root=ROOT_KEY, meta=",".join("%s:%s" % (n, said_meta[n].hex()) for n in sorted(said_meta)) or "-",
                rows=",".join("%d:%s:%s" % (t, i.hex(), said_rows[t, i].hex()) for t, i in sorted(said_rows)) or "-",
                expect=expect, sound=sound, served=",".join(i.hex() for i in served) or "-")

    root = first_meta["root"]
    store("good", sound="yes")
    store("another data key", Whole(2).close(), sound="yes")
    mixed = Whole(2)
    mixed.rows = {k: (Whole(1).rows[k] if k != (2, VALUE) else v) for k, v in mixed.rows.items()}
    store("rows of two data keys", mixed.close(), sound="yes")
    empty = Whole()
    empty.rows = {}
    store("no row at all", empty.close(), sound="yes", served=[])
    bare = dict(empty.meta, root=b"")
    store("nothing was ever committed", (dict(bare, clock=b"", audit=b""), {}), sound="yes", served=[])

    # The root.
    store("no root", root=b"", served=[])
    for name, at, bit in (("magic", 0, 0), ("version to 0", 4, 0), ("generation", 8, 0), ("number of the data key", 16, 1), ("reserved", 20, 0), ("tag of a meta row", 24, 0),
                          ("tag of a list", 88, 0), ("last tag of a list", 2135, 7), ("MAC", 2136, 0), ("last bit of the MAC", 2167, 7)):
        store("root, flipped bit: " + name, root=flip(root, at, bit), served=[])
    store("root of version 2", root=flip(flip(root, 4, 0), 4, 1), expect="newer_format", served=[])
    store("root, truncated", root=root[:-1], served=[])
    store("root, one byte too many", root=root + b"\0", served=[])
    store("root of another store", Whole().close(store=seeded("other", 16)), served=[])
    store("root of a data key that is not there", Whole().close(root=lambda r: r[:16] + struct.pack("<I", 9) + r[20:]), served=[])
    later = Whole(created=CREATED + 1)
    later.generation = 8
    store("root of an earlier generation", (dict(later.close()[0], root=root), later.close()[1]), served=[GRANT])

    # Meta rows.
    store("clock put back", clock=struct.pack("<Q", CREATED))
    store("clock taken away", clock=b"")
    store("audit taken away", audit=b"")
    store("header of another time", header=first_meta["header"][:24] + struct.pack("<Q", 1))
    store("keyring sealed anew", keyring=wrap(ROOT_KEY, 2, STORE, seeded("other", 24), keyring_plain(1, [(1, DATA[1])])))
    store("locked, which nobody vouches for", locked=b"\1", sound="yes")

    # Rows.
    rows = Whole().rows
    other = id_of("another", 0x12)
    store("row taken away", rows={(1, SECRET): b""}, served=[VALUE, GRANT])
    store("older row put back", rows={(1, SECRET): later.rows[1, SECRET]}, served=[VALUE, GRANT])
    store("row added", rows={(2, other): sealed(2, other, b"more", "other")})
    store("row moved", rows={(2, VALUE): b"", (2, other): rows[2, VALUE]}, served=[SECRET, GRANT])
    store("row moved to the other table", rows={(2, VALUE): b"", (1, VALUE): rows[2, VALUE]}, served=[SECRET, GRANT])
    store("rows swapped", rows={(1, SECRET): rows[1, GRANT], (1, GRANT): rows[1, SECRET]}, served=[VALUE])
    store("row, flipped bit", rows={(1, GRANT): flip(rows[1, GRANT], 60)}, served=[SECRET, VALUE])
    store("row, truncated", rows={(2, VALUE): rows[2, VALUE][:-1]}, served=[SECRET, GRANT])
    store("row of another store", rows={(2, VALUE): sealed(2, VALUE, b"correct horse", "value", store=seeded("other", 16))}, served=[SECRET, GRANT])

    # Lists.
    group = SECRET[0] % 128
    store("list taken away", rows={listing(group): b""})
    store("list, flipped bit", rows={listing(group): flip(first_rows[listing(group)], 70)})
    store("list of an earlier generation", rows={listing(group): later.close()[1][listing(group)]})
    store("list of another group", rows={listing(group): first_rows[listing(0x7F)]})
    store("list and a row of it taken away", rows={listing(group): b"", (1, SECRET): b""}, served=[GRANT])
    store("list taken away, and a row added", rows={listing(group): b"", (2, other): sealed(2, other, b"more", "other")}, served=[GRANT])
    store("list of an empty group", rows={listing(5): sealed(1, LIST_ID + b"\5", b"\x7f\1\5\0", "list 5")}, sound="yes")

    store("no list, of an empty group", rows={listing(5): first_rows[listing(group)]})

    # By somebody with every key.
    store("list of layout 2", Whole().close(head=b"\x7f\2"), expect="newer_format", served=[])
    store("list of another kind", Whole().close(head=b"\x7e\1"))
    out.write()


def anchors():
    out = File("anchor.txt", "Anchors: `anchor` is of the store `store` with the data key `key` of number `key_id`, and says `generation` and the root's MAC `mac`; "
               "or is refused as `expect` says.")
    a = dict(store=STORE, key=DATA[1], key_id=1)
    root_mac = seeded("mac of a root", 32)

    def anchor(generation=7, number=1, store=STORE, of=ANCHOR, head=b"taca\1\0\0\0", reserved=0):
        body = head + store + struct.pack("<IIQ", number, reserved, generation) + root_mac
        return body + mac(1, of, 0, store, body, store)

    def add(name, octets, expect="corrupt", generation=7, **other):
        out.add(name, **dict(a, **other), generation=generation, mac=root_mac, anchor=octets, expect=expect)

    good = anchor()
    add("good", good, "ok")
    add("a large generation", anchor(1 << 40), "ok", 1 << 40)
    for name, at, bit, expect in (("magic", 0, 0, "corrupt"), ("version to 0", 4, 0, "corrupt"), ("version to 3", 4, 1, "newer_format"), ("store", 8, 0, "wrong_key"),
                                  ("number of the data key", 24, 1, "wrong_key"), ("reserved", 28, 0, "corrupt"), ("generation", 32, 0, "corrupt"), ("MAC of the root", 40, 0, "corrupt"),
                                  ("MAC", 72, 0, "corrupt"), ("last bit of the MAC", 103, 7, "corrupt")):
        add("flipped bit: " + name, flip(good, at, bit), expect)
    add("truncated", good[:-1])
    add("one byte too many", good + b"\0")
    add("empty", b"")
    add("its head alone", good[:8])
    add("of another store", anchor(store=seeded("other", 16)), "wrong_key")
    add("of a data key that is not there", anchor(number=2), "wrong_key")
    add("of another data key", good, key=DATA[2])
    add("the MAC of a root", anchor(of=ROOT))
    out.write()


# ---- the audit log

CHAIN = seeded("chain key", 32)
NONE = bytes(16)


def body(kind=1, secret_name=b"db_password", layout=1, lane=3, count=1, pad=None, comm=b"nginx", more=b"", word=b"open"):
    packed = (struct.pack("<BBQBQQQIIII", layout, lane, count, kind, CREATED, 42, 2, 4242, 101, 0xFFFFFFFF, 0) + seeded("a secret", 16)
              + text(b"") + text(comm) + text(word) + text(b"consumer") + text(b"ok") + text(b"compose/shop/web") + text(secret_name) + more)
    plain = struct.pack("<H", len(packed)) + packed
    return plain + bytes(-len(plain) % 128 if pad is None else pad)


class Log:
    """Files, made item by item; `at` is the state of the chain behind the last one."""

    def __init__(self, log_id=STORE, key=CHAIN):
        self.id, self.files, self.link, self.number, self.oldest = log_id, [], bytes(32), 0, 1
        self.base = derive(key, b"tacit-audit-log1", 0, log_id)

    def item(self, head, plain, name):
        nonce = seeded("audit nonce " + name, 24)
        out = head + nonce + aead(derive(self.step, b"tacit-audit-seal", 0, NONE), nonce, head, plain)
        self.step, self.link = derive(self.step, b"tacit-audit-step", 0, NONE), hashlib.blake2b(out, digest_size=32).digest()
        self.files[-1] += out
        return self

    def file(self, origin=1, number=None, first=None, head=b"tace\1\1", link=None, reserved=0):
        number = number or len(self.files) + 1
        if origin == 2:
            self.step = derive(self.step, b"tacit-audit-next", 0, NONE)
        else:
            self.step = derive(self.base, b"tacit-audit-file", 0, struct.pack("<Q8x", number))
        self.files.append(b"")
        start = head + bytes([origin, reserved]) + self.id + struct.pack("<QQQQ", number, first or self.number + 1, CREATED, self.oldest) + (self.link if link is None else link)
        return self.item(start, b"", "file %d" % number)

    def record(self, plain=None, number=None, link=None, n=None):
        plain = body() if plain is None else plain
        self.number += 1
        head = struct.pack("<IQ", len(plain) if n is None else n, number or self.number) + (self.link if link is None else link)
        return self.item(head, plain, "record %d" % self.number)

    def state(self, generation=6, head=b"tact\1\1\0\0", file=None, end=None, number=None, step=None, link=None):
        copy = head + self.id + struct.pack("<QQQQQ", generation, file or self.oldest + len(self.files) - 1, len(self.files[-1]) if end is None else end,
                                            self.number if number is None else number, self.oldest)
        copy += (step or self.step) + (link or self.link) + seeded("ring", 16) + struct.pack("<19Q", 0, 0, 0, 0, self.number, *[0] * 14)
        copy = copy.ljust(496, b"\0")
        copy += hashlib.blake2b(copy, digest_size=16).digest()
        return (copy, b"") if generation % 2 == 0 else (b"", copy)


def audit_logs():
    out = File("auditlog.txt", "Audit logs: the files `file1`, `file2`... (the first of them has the number `number`, or 1) and the copies `state1` and `state2` of the state of the log `id` under the chain key `key`; `records` of them are sound, "
               "the last one is `last`; or it is refused as `expect` says, behind `records` that are sound.")

    def add(name, log, expect="ok", records=None, last=None, files=None, state=None, **other):
        files = log.files if files is None else files
        first, second = log.state() if state is None else state
        fields = dict(id=STORE, key=CHAIN, **({"state1": first} if first else {}), **({"state2": second} if second else {}))
        fields.update({"file%d" % (i + 1): data for i, data in enumerate(files) if data is not None})
        out.add(name, **dict(fields, **other), expect=expect, records=log.number if records is None else records, **({"last": last} if last else {}))

    def three():
        return Log().file().record().record(body(2)).record(body(3, b"another_key"))

    def two_files(origin=1):
        return Log().file().record().file(origin).record(body(4))

    log = three()
    add("good", log, last=body(3, b"another_key"))
    add("no record", Log().file())
    add("a long record", Log().file().record(body(4, b"n" * 255)), last=body(4, b"n" * 255))
    add("a file of its own key", two_files(), last=body(4))
    add("a file that was carried on", two_files(2), last=body(4))
    add("three files", Log().file().record().file(2).record().file(1).record(), last=body())
    log = two_files()
    add("the other copy of the state", log, state=log.state(7), last=body(4))
    log = three()

    # Files.
    good, state = log.files[0], log.state()

    def file(name, data, expect="corrupt", records=0, **other):
        add(name, log, expect, records, files=[data], state=state, **other)

    for name, at, bit, expect in (("magic", 0, 0, "corrupt"), ("version to 0", 4, 0, "corrupt"), ("version to 3", 4, 1, "newer_format"), ("algorithm", 5, 1, "corrupt"),
                                  ("origin", 6, 1, "corrupt"), ("reserved", 7, 0, "corrupt"), ("id", 8, 0, "corrupt"), ("number of the file", 24, 0, "corrupt"),
                                  ("number of the first record", 32, 1, "corrupt"), ("created", 40, 0, "corrupt"), ("oldest file", 48, 1, "corrupt"), ("link", 56, 0, "corrupt"),
                                  ("nonce", 88, 0, "corrupt"), ("tag", 127, 7, "corrupt")):
        file("header, flipped bit: " + name, flip(good, at, bit), expect)
    size = len(three().files[0]) - len(Log().file().record().record(body(2)).files[0])
    second = 128 + size
    for name, at, bit in (("length", 1, 0), ("number", 4, 1), ("link", 12, 0), ("nonce", 44, 0), ("ciphertext", 68, 0), ("tag", size - 1, 7)):
        file("record, flipped bit: " + name, flip(good, second + at, bit), records=1)
    file("truncated within a record", good[:-1], records=2)
    file("truncated behind a record", good[:-size], records=2)
    file("truncated to its header", good[:128])
    file("truncated within its header", good[:127])
    file("empty", b"")
    file("a record taken out", good[:second] + good[second + size:], records=1)
    file("two records swapped", good[:128] + good[second:second + size] + good[128:second] + good[second + size:])
    file("a record twice", good[:second] + good[128:], records=1)
    file("another chain key", good, key=seeded("other", 32))
    file("another log", good, id=seeded("other", 16))
    add("no file", log, "corrupt", 0, files=[])
    add("a torn record behind the end", log, files=[good + good[128:200]], state=state)
    add("a next file of its header alone", log, files=[good, three().file(2).files[1]], state=state)
    double = two_files()
    add("the first of two files taken away", double, "corrupt", 1, files=[None, double.files[1]])
    add("the last of two files taken away", double, "corrupt", 1, files=[double.files[0], None])
    add("the end of the first of two files taken away", double, "corrupt", 0, files=[double.files[0][:128], double.files[1]])
    add("begun anew, the state was lost", Log().file().record().file(3).record(), "corrupt", 1)
    alone = Log()
    alone.number, alone.link, alone.oldest = 9, seeded("link", 32), 5
    add("begun anew, and what was before is kept no more", alone.file(3, 5).record(), records=1, last=body(), number=5)

    # The state.
    for name, changed in (("an older one", Log().file().record().record(body(2)).state()), ("another key", log.state(step=seeded("other", 32))),
                          ("another link", log.state(link=seeded("other", 32))), ("another number", log.state(number=2)), ("beyond the end", log.state(end=len(good) + 1))):
        records = {"an older one": 2}.get(name, 3)
        behind = "ok" if name == "an older one" else "corrupt"
        add("state, " + name, log, behind, records, state=changed)
    for name, at, bit, expect in (("magic", 0, 0, "corrupt"), ("id", 8, 0, "corrupt"), ("sum", 511, 0, "corrupt"), ("lane", 152, 0, "corrupt")):
        add("state, flipped bit: " + name, log, expect, 3, state=(flip(state[0], at, bit), b""))
    add("state of version 2", log, "newer_format", 0, state=log.state(head=b"tact\2\1\0\0"))
    add("state, truncated", log, "corrupt", 3, state=(state[0][:511], b""))
    add("state of zeros", log, "corrupt", 3, state=(bytes(512), b""))

    # By somebody with the chain key.
    for name, plain in (("kind 0", body(0)), ("kind 5", body(5)), ("layout 0", body(layout=0)), ("lane 18", body(lane=18)), ("a field too long", body(comm=b"c" * 16)),
                        ("a word too long", body(word=b"w" * 32)), ("a byte behind the last field", body(more=b"\0")), ("padding that is not zero", body()[:-1] + b"\1"),
                        ("more padding than there should be", body(pad=-len(body(pad=0)) % 128 + 128)), ("a text with a NUL", body(comm=b"a\0b"))):
        add("record, " + name, Log().file().record(plain), "corrupt", 0)
    add("record of layout 2", Log().file().record(body(layout=2)), "newer_format", 0)
    add("a header of file 2 in file 1", Log().file(number=2), "corrupt", 0)
    out.write()


if __name__ == "__main__":
    stores(), anchors(), audit_logs()
