# SPDX-License-Identifier: Apache-2.0
"""FORMAT.md, "Store", "Integrity" and "Anchor": the file, its rows, and whether they belong together."""
import base64, contextlib, os, shutil, sqlite3, struct, tempfile
import kinds, seal
from seal import Bad, blake, derive, known, need
from slots import Slot, check_list

BYTES = "CREATE TABLE %s (%s PRIMARY KEY NOT NULL, bytes BLOB NOT NULL) STRICT"
SCHEMA = ([("table", name, name, BYTES % (name, key)) for name, key in
           (("meta", "name TEXT"), ("record", "id BLOB"), ("value", "id BLOB"))]
          + [("index", "sqlite_autoindex_%s_1" % name, name, None) for name in ("meta", "record", "value")]
          + [("table", "fence", "fence", "CREATE TABLE fence (one INTEGER PRIMARY KEY CHECK (one = 1), owner INTEGER NOT NULL) STRICT")])
RECORD, VALUE, GROUPS = 1, 2, 128
ROW, LIST, META, ROOT, ANCHOR = 1, 2, 3, 4, 5
LIST_ID = b"tacit list rows"


@contextlib.contextmanager
def opened(path):
    """The database, as a copy of its own: what is read stays as it is."""
    with tempfile.TemporaryDirectory() as place:
        for end in ("", "-wal"):
            if os.path.exists(path + end):
                shutil.copyfile(path + end, os.path.join(place, "store.db" + end))
        try:
            database = sqlite3.connect(os.path.join(place, "store.db"))
            yield database
        except sqlite3.DatabaseError as error:
            raise Bad("corrupt", "SQLite: %s" % error) from None
        finally:
            database.close()


class Store:
    def __init__(self, database, problem):
        """`problem(check, what)` is told what is amiss and does not end the reading."""
        self.problem = problem
        pragma = lambda name: database.execute("PRAGMA " + name).fetchone()[0]
        need(pragma("application_id") == 0x74616369, "no store of tacit")
        known(pragma("user_version"), 1, "version of the store")
        need(pragma("integrity_check") == "ok", "SQLite's own check")
        schema = database.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema").fetchall()
        need(sorted(schema, key=str) == sorted(SCHEMA, key=str), "the tables are not those of a store")
        self.meta = {name: bytes(row) for name, row in database.execute("SELECT name, bytes FROM meta")}
        self.rows = {}
        for table, name in ((RECORD, "record"), (VALUE, "value")):
            for row_id, row in database.execute("SELECT id, bytes FROM " + name):
                if isinstance(row_id, bytes) and len(row_id) == 16 and isinstance(row, bytes):
                    self.rows[table, row_id] = row
                else:
                    problem("rows", "a row of table %d is no row of tacit" % table)
        header = self.meta.get("header", b"")
        need(len(header) == 32 and header[:4] == b"tacm", "header")
        self.version, self.id, self.created = struct.unpack("<I16sQ", header[4:])
        known(self.version, 2, "version of the header")
        self.slots = {}
        for number in range(1, 17) if self.version == 2 else ():
            row = self.meta.get("slot-%d" % number, b"")
            if row:
                try:
                    self.slots[number] = Slot(row, number, self.id)
                except Bad as bad:
                    problem("slots", "slot %d: %s" % (number, bad.what))

    # The root key, and what it opens.

    def unlock(self, key_of):
        """`key_of(slot)` gives the unlock key for a slot, or None when it has none for its kind."""
        if self.version == 1:
            return self.unlock_first_layout(key_of(None))
        trouble = None
        for slot in self.slots.values():
            try:
                key = key_of(slot)
                if key is None:
                    continue
                self.root_key = slot.open(key)
                self.keyring = self.open_keyring()
                self.opened_with = slot.number
                return
            except Bad as bad:
                if trouble is None or bad.word != "wrong_key":
                    trouble = bad
        raise trouble or Bad("wrong_key", "no slot is of that kind")

    def unlock_first_layout(self, key):
        row = self.meta.get("slots", b"")
        need(row and len(row) % 112 == 0 and len(row) <= 16 * 112, "slots of the first layout")
        for at in range(0, len(row), 112):
            try:
                self.root_key = seal.unwrap(row[at:at + 112], seal.ROOT_KEY, self.id, key, "slot")
                self.keyring, self.opened_with = self.open_keyring(), at // 112 + 1
                return
            except Bad as bad:
                if bad.word != "wrong_key":
                    raise
        raise Bad("wrong_key", "no slot opens with that key")

    def open_keyring(self):
        try:
            return seal.Keyring(self.meta.get("keyring", b""), self.id, self.root_key)
        except Bad as bad:
            raise Bad("corrupt" if bad.word == "wrong_key" else bad.word, bad.what) from None

    def check_slots(self):
        if self.version == 2:
            rows = {n: self.meta.get("slot-%d" % n, b"") for n in range(1, 17)}
            check_list(self.meta.get("slots", b""), rows, self.root_key, self.id)
        for slot in self.slots.values():
            if not slot.vouched(self.root_key):
                self.problem("slots", "slot %d is not vouched for" % slot.number)

    # The generation.

    def mac(self, of, part, which, data):
        return blake(bytes([of, part]) + which + data, self.integrity_key)

    def tag(self, *what):
        return self.mac(*what)[:16]

    def check_root(self):
        """False: nothing was ever committed."""
        root = self.meta.get("root")
        self.generation, self.root_mac, self.tags = 0, None, None
        if root is None:
            need(not self.rows, "there is no root")
            return False
        need(len(root) == 2168 and root[:4] == b"tacg", "no root")
        version, generation, number, zero = struct.unpack_from("<IQII", root, 4)
        known(version, 1, "version of the root")
        need(zero == 0, "root")
        need(number in self.keyring.keys, "root of a data key that is not there")
        self.integrity_key = derive(self.keyring.keys[number], b"tacit-integrity-", 0, self.id)
        need(self.mac(ROOT, 0, self.id, root[:2136]) == root[2136:], "MAC of the root")
        self.generation, self.root_mac = generation, root[2136:]
        tags = [root[24 + 16 * i:40 + 16 * i] for i in range(4 + GROUPS)]
        for name, tag in zip(("header", "keyring", "clock", "audit"), tags):
            if self.tag(META, 0, name.encode().ljust(16, b"\0"), self.meta.get(name, b"")) != tag:
                self.problem("meta", "the row %s is not that of this generation" % name)
        self.tags = tags[4:]
        return True

    def listed(self, group, sealed):
        """The entries of a list as it lies there; None when it is none."""
        try:
            plain = seal.open_record(sealed, self.id, self.keyring, RECORD, LIST_ID + bytes([group]))
            need(plain[:1] == b"\x7f" and len(plain) >= 4, "list")
            known(plain[1], 1, "layout of a list")
            need(plain[2:4] == bytes([group, 0]), "list")
            return plain[4:]
        except Bad as bad:
            if bad.word == "newer_format":
                raise
            return None

    def list_of(self, group, rows):
        """The entries that the root has a tag of, as {(table, id): tag}; None when they are lost."""
        sealed = self.rows.get((RECORD, LIST_ID + bytes([group])))
        made = b"".join(bytes([table]) + row_id + self.tag(ROW, table, row_id, row)
                        for (table, row_id), row in sorted(rows.items()))
        listed = b"" if sealed is None else self.listed(group, sealed)
        there = [entries for entries in (listed, b"", made)
                 if entries is not None and self.tag(LIST, group, bytes(16), entries) == self.tags[group]]
        if not there:
            self.problem("lists", "list of group %d is not that of this generation" % group)
            return None
        entries = there[0]
        if listed != entries:
            self.problem("lists", "list of group %d is not that of this generation; its rows are" % group)
        need(len(entries) % 33 == 0 and len(entries) <= 31000 * 33, "size of a list")
        each = [entries[at:at + 33] for at in range(0, len(entries), 33)]
        need(all(a[:17] < b[:17] for a, b in zip(each, each[1:])), "order of a list")
        return {(entry[0], entry[1:17]): entry[17:] for entry in each}

    def vouched_rows(self):
        """The rows that may be served."""
        groups = [{} for _ in range(GROUPS)]
        for (table, row_id), row in self.rows.items():
            if not (table == RECORD and row_id[:15] == LIST_ID and row_id[15] < GROUPS):
                groups[row_id[0] % GROUPS][table, row_id] = row
        good = {}
        for group, rows in enumerate(groups):
            try:
                listed = self.list_of(group, rows)
            except Bad as bad:
                if bad.word == "newer_format":
                    raise
                self.problem("lists", "list of group %d: %s" % (group, bad.what))
                continue
            if listed is None:
                continue
            for row in sorted(listed.keys() | rows.keys()):
                name = "row %s of table %d" % (row[1].hex(), row[0])
                if row not in rows:
                    self.problem("rows", name + " is lost")
                elif row not in listed:
                    self.problem("rows", name + " is of no list")
                elif listed[row] != self.tag(ROW, *row, rows[row]):
                    self.problem("rows", name + " is not that of this generation")
                else:
                    good[row] = rows[row]
        return good

    # What it holds.

    def read(self):
        """{kind: [records]}, and the values by their ids."""
        said, values = {name: [] for name, _, _ in kinds.KINDS.values()}, {}
        for (table, row_id), row in sorted(self.vouched_rows().items() if self.check_root() else ()):
            try:
                plain = seal.open_record(row, self.id, self.keyring, table, row_id)
                if table == VALUE:
                    need(1 <= len(plain) <= 1 << 20, "size of a value")
                    values[row_id] = plain
                else:
                    name, record = kinds.read(plain)
                    said[name].append({"id": row_id, **record})
            except Bad as bad:
                self.problem("records", "row %s of table %d: %s" % (row_id.hex(), table, bad.what))
        self.give_values(said["secrets"], values)
        return said

    def give_values(self, secrets, values):
        wanted = set()
        for secret in secrets:
            for version in secret["versions"]:
                wanted.add(version["value_id"])
                value = values.get(version["value_id"])
                if value is None or len(value) != version["size"]:
                    self.problem("records", "version %d of secret %s has no value of its size"
                                 % (version["version"], secret["id"].hex()))
                version["value"] = None if value is None else base64.b64encode(value).decode()
        self.opened, self.values, self.strays = set(values), len(values), len(values.keys() - wanted)

    def chain_key(self):
        """Of the audit log."""
        return self.audit_row()[:32]

    def log_place(self):
        """Number and link of the record that the log had when that was last written down."""
        row = self.audit_row()
        return struct.unpack_from("<8xQ32s", row, 32) if len(row) > 32 else (0, b"")

    def audit_row(self):
        need("audit" in self.meta, "the store has no key of an audit log")
        row = seal.open_record(self.meta["audit"], self.id, self.keyring, 0, b"audit".ljust(16, b"\0"))
        need(len(row) in (32, 80), "key of the audit log")
        return row

    def read_anchor(self, anchor):
        """Its generation, and the MAC of that generation's root."""
        need(len(anchor) >= 8 and anchor[:4] == b"taca", "no anchor")
        known(struct.unpack_from("<I", anchor, 4)[0], 1, "version of the anchor")
        need(len(anchor) == 104, "size of the anchor")
        store_id, number, _, generation, mac = struct.unpack("<16sIIQ32s", anchor[8:72])
        need(store_id == self.id, "anchor of another store", "wrong_key")
        need(number in self.keyring.keys, "anchor of a data key that is not there", "wrong_key")
        key = derive(self.keyring.keys[number], b"tacit-integrity-", 0, self.id)
        need(blake(bytes([ANCHOR, 0]) + self.id + anchor[:72], key) == anchor[72:], "MAC of the anchor")
        return generation, mac

    def check_anchor(self, path):
        """ok, behind, or none when nothing was ever committed and there is none."""
        try:
            with open(path, "rb") as file:
                generation, mac = self.read_anchor(file.read())
        except FileNotFoundError:
            need(self.root_mac is None, "there is no anchor", "stale")
            return "none"
        need(self.generation >= generation, "the store is at %d, the anchor at %d" % (self.generation, generation), "stale")
        need(self.generation > generation or self.root_mac == mac, "another store of the anchor's generation", "stale")
        return "ok" if self.generation == generation else "behind"
