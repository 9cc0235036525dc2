#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The second reader against the vectors, the golden stores, and golden stores that somebody was at."""
import datetime, json, os, shutil, sqlite3, subprocess, sys, tempfile, unittest
import audit, kinds, seal, store
from seal import Bad
from slots import Slot, check_list

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
GOLDEN = os.path.join(TESTS, "golden")
KEYS = (("--key-file", "key"), ("--passphrase", "passphrase"), ("--recovery", "recovery"), ("--answer", "answer"))


def vectors(name):
    """Each vector as {field: text}."""
    with open(os.path.join(TESTS, "vectors", name)) as file:
        for block in file.read().split("\n\n")[1:]:
            yield dict(line.partition(" ")[::2] for line in block.strip("\n").split("\n"))


def octets(vector, field):
    return bytes.fromhex(vector[field])


class Kinds(unittest.TestCase):
    def test_templates(self):
        corpus = os.path.join(TESTS, "fuzz", "corpus", "records")
        with open(os.path.join(corpus, "template"), "rb") as file:
            name, said = kinds.read(file.read())
        self.assertEqual((name, kinds.names_of(said["text"])), ("templates", ["x", "db/y"]))
        for spoiled in ("template-cut", "template-twice", "template-many-claimed"):
            with open(os.path.join(corpus, spoiled), "rb") as file, self.assertRaises(Bad):
                kinds.read(file.read())
        for text, names in (('{{ "{{" }} }} { {{a}}', ["a"]), ("{{a|url|url|url|url}}{{ a }}{{b}}", ["a", "b"])):
            self.assertEqual(kinds.names_of(text), names)
        for text in ("{{ a | rot13 }}", "{{ a\n}}", "{{", "{{{a}}", "{{ }}", "{{ a b }}", "{{a|url|url|url|url|url}}"):
            with self.subTest(text), self.assertRaises(Bad):
                kinds.names_of(text)


class Vectors(unittest.TestCase):
    def each(self, name, work, word="expect"):
        """`work(vector)` must fail as the vector says, or give what `same(vector)` says."""
        checked = 0
        for vector in vectors(name):
            with self.subTest(vector["name"]):
                try:
                    work(vector)
                    self.assertEqual(vector[word], "ok")
                except Bad as bad:
                    self.assertEqual(vector[word], bad.word, bad.what)
            checked += 1
        self.assertGreater(checked, 0)

    def gives(self, vector, field, data):
        if field in vector and vector["expect"] == "ok":
            self.assertEqual(vector[field], data.hex())

    def test_key_files(self):
        self.each("keyfile.txt", lambda v: self.gives(v, "key", seal.from_key_file(octets(v, "text"))))

    def test_recovery_keys(self):
        self.each("recovery.txt", lambda v: self.gives(v, "key", seal.from_recovery(octets(v, "text"))))

    def test_passphrases(self):
        def work(v):
            cost = int(v["passes"]), int(v["memory"])
            self.gives(v, "key", seal.from_passphrase(octets(v, "passphrase"), octets(v, "salt"), *cost))
        self.each("passphrase.txt", work)

    def test_records(self):
        def work(v):
            ring = type("Ring", (), {"keys": {int(v["key_id"]): octets(v, "key")}})
            plain = seal.open_record(octets(v, "sealed"), octets(v, "store"), ring, int(v["table"]), octets(v, "id"))
            self.gives(v, "plain", plain)
        self.each("record.txt", work)

    def test_keyrings(self):
        self.each("keyring.txt", lambda v: seal.Keyring(octets(v, "sealed"), octets(v, "store"), octets(v, "root")))

    def test_slots_of_the_first_layout(self):
        def work(v):
            self.gives(v, "plain", seal.unwrap(octets(v, "sealed"), 1, octets(v, "store"), octets(v, "unlock"), "slot"))
        self.each("slot.txt", work)

    def slot(self, v):
        return Slot(octets(v, "row"), int(v["number"]), octets(v, "store"))

    def test_slots(self):
        def opened(v):
            root = self.slot(v).open(octets(v, "unlock"))
            if v["vouched"] == "ok":
                self.gives(v, "root", root)
        self.each("keyslot.txt", opened)

    def test_vouchers(self):
        def vouched(v):
            seal.need(self.slot(v).vouched(octets(v, "root")), "voucher")
        self.each("keyslot.txt", vouched, "vouched")

    def test_lists_of_slots(self):
        def work(v):
            rows = {int(v["number" + n]): octets(v, "row" + n) for n in ("", "2") if "row" + n in v}
            check_list(octets(v, "list"), rows, octets(v, "root"), octets(v, "store"))
        self.each("slotlist.txt", work)

    def test_stores(self):
        first = {}

        def work(v):
            meta, rows = dict(first.get("meta", {})), dict(first.get("rows", {}))
            for row in [] if v["meta"] == "-" else v["meta"].split(","):
                name, data = row.split(":")
                meta[name] = bytes.fromhex(data)
            for row in [] if v["rows"] == "-" else v["rows"].split(","):
                table, row_id, data = row.split(":")
                rows[int(table), bytes.fromhex(row_id)] = bytes.fromhex(data)
            first.setdefault("meta", dict(meta))
            first.setdefault("rows", dict(rows))
            self.look_at(v, {n: d for n, d in meta.items() if d}, {n: d for n, d in rows.items() if d})
        self.each("store.txt", work)

    def look_at(self, v, meta, rows):
        amiss, served = [], []
        it = store.Store(database_of(meta, rows), lambda *what: amiss.append(what))
        it.root_key = octets(v, "root")
        it.keyring = it.open_keyring()
        try:
            said = it.read()
            served = [record["id"] for kind in said.values() for record in kind] + list(it.opened)
        except Bad as bad:
            if bad.word == "newer_format":
                raise
            amiss.append(bad)
        self.assertEqual(sorted(row.hex() for row in served), sorted(v["served"].replace("-", "").split(",")) if v["served"] != "-" else [])
        self.assertEqual("no" if amiss else "yes", v["sound"], amiss)

    def test_anchors(self):
        def work(v):
            it = store.Store.__new__(store.Store)
            it.id, it.keyring = octets(v, "store"), type("Ring", (), {"keys": {int(v["key_id"]): octets(v, "key")}})
            self.assertEqual(it.read_anchor(octets(v, "anchor")), (int(v["generation"]), octets(v, "mac")))
        self.each("anchor.txt", work)

    def test_audit_logs(self):
        def work(v):
            with tempfile.TemporaryDirectory() as place:
                write_log(place, v)
                log = audit.Log(place, octets(v, "id"), octets(v, "key"))
                try:
                    log.read()
                finally:
                    if v["expect"] == "ok" or v["name"].startswith("record"):
                        self.assertEqual(len(log.records), int(v["records"]))
                if "last" in v:
                    self.assertEqual(log.records[-1], {**log.records[-1], **audit.body(octets(v, "last"))})
        self.each("auditlog.txt", work)


def write_log(place, v):
    def write(name, data):
        with open(os.path.join(place, name), "wb") as file:
            file.write(data)
    for i in range(1, 4):
        if "file%d" % i in v:
            write("audit-%08d" % (i - 1 + int(v.get("number", 1))), octets(v, "file%d" % i))
    first, second = (bytes.fromhex(v.get(name, "")) for name in ("state1", "state2"))
    write("audit.state", first.ljust(4096, b"\0") + second.ljust(512, b"\0"))


def database_of(meta, rows):
    """As a store has it; in memory."""
    database = sqlite3.connect(":memory:")
    database.executescript(";".join(sql for _, _, _, sql in store.SCHEMA if sql)
                           + "; PRAGMA application_id = 0x74616369; PRAGMA user_version = 1")
    database.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
    for (table, row_id), data in rows.items():
        database.execute("INSERT INTO %s VALUES (?, ?)" % ("record" if table == 1 else "value"), (row_id, data))
    return database


# What a line of the log's JSON calls a field of a record, and what is no value of it.
LINE = {"comm": "comm_untrusted", "operator": "operator_uid", "times": "count"}
NOT_SAID = ("", 0, "0" * 32)


def as_line(record):
    """A record as the line that `tacit audit tail --json` has of it."""
    line = {LINE.get(name, name): value for name, value in record.items() if value not in NOT_SAID}
    when = datetime.datetime.fromtimestamp(line.pop("time_ns") // 10**9, datetime.timezone.utc)
    line["time"] = when.strftime("%Y-%m-%dT%H:%M:%SZ")
    for name in ("file", "lane", "lane_count"):
        line.pop(name, None)
    return {name: value for name, value in line.items() if not (name in ("uid", "operator_uid") and value == 0xFFFFFFFF)}


def by_id(records):
    return sorted(records, key=lambda record: record["id"])


class Golden(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.place)

    def read(self, place, key=KEYS[0], audit=True):
        """Exit status, and what the reader said."""
        at = lambda name: os.path.join(place, name)
        command = [os.path.join(HERE, "tacit_reader.py"), at("store.db"), key[0], at(key[1]), "--anchor", at("anchor")]
        done = subprocess.run(command + (["--audit", at("audit")] if audit else []), stdout=subprocess.PIPE, check=False)
        return done.returncode, json.loads(done.stdout)

    def stores(self):
        names = sorted(name for name in os.listdir(GOLDEN) if name[:6] == "store-" and name[6:].isdigit())
        self.assertTrue(names)
        return [os.path.join(GOLDEN, name) for name in names]

    def copy(self):
        """Of the newest golden store, to be damaged."""
        to = os.path.join(self.place, "copy")
        shutil.rmtree(to, ignore_errors=True)
        shutil.copytree(self.stores()[-1], to)
        return to

    def test_every_golden_store_says_what_it_should(self):
        for store in self.stores():
            with open(os.path.join(store, "expected.json")) as file:
                expected = json.load(file)
            with open(os.path.join(store, "expected-audit.ndjson")) as file:
                records = [json.loads(line) for line in file]
            for key in KEYS:
                with self.subTest(store=store, key=key[1]):
                    status, said = self.read(store, key)
                    self.assertEqual((status, said["problems"], said["anchor"]), (0, [], "ok"))
                    for kind, some in expected.items():
                        self.assertEqual(by_id(said[kind]), by_id(some))
                    self.assertEqual([as_line(record) for record in said["audit"]], records)

    def changed(self, *statements):
        store = self.copy()
        database = sqlite3.connect(os.path.join(store, "store.db"))
        for statement in statements:
            self.assertGreater(database.execute(*statement).rowcount, 0, statement)
        database.commit()
        database.close()
        return store

    def checks(self, store, **how):
        status, said = self.read(store, **how)
        return status, sorted({problem["check"] for problem in said["problems"]})

    def test_damage_is_found_and_named(self):
        secret = by_id(self.read(self.copy())[1]["secrets"])[0]
        row, value = bytes.fromhex(secret["id"]), bytes.fromhex(secret["versions"][0]["value_id"])
        for status, check, statement in (
                (13, "slots", ("UPDATE meta SET bytes = substr(bytes, 1, 100) WHERE name = 'slot-2'",)),
                (14, "list", ("DELETE FROM meta WHERE name = 'slot-3'",)),
                (12, "unlock", ("DELETE FROM meta WHERE name = 'keyring'",)),
                (12, "unlock", ("DELETE FROM meta WHERE name = 'slot-1'",)),
                (15, "root", ("DELETE FROM meta WHERE name = 'root'",)),
                (16, "meta", ("UPDATE meta SET bytes = zeroblob(8) WHERE name = 'clock'",)),
                (18, "rows", ("DELETE FROM record WHERE id = ?", (row,))),
                (18, "rows", ("UPDATE value SET bytes = zeroblob(140) WHERE id = ?", (value,))),
                (18, "rows", ("INSERT INTO record SELECT zeroblob(16), bytes FROM record LIMIT 1",)),
                (18, "rows", ("UPDATE value SET id = zeroblob(16) WHERE id = ?", (value,))),
                (17, "lists", ("DELETE FROM record WHERE substr(id, 1, 15) = CAST('tacit list rows' AS BLOB)",))):
            with self.subTest(statement[0]):
                found, checks = self.checks(self.changed(statement))
                self.assertEqual(found, status)
                self.assertIn(check, checks)

    def test_an_older_store_is_stale(self):
        store = self.copy()
        with open(os.path.join(store, "anchor"), "rb") as file:
            anchor = bytearray(file.read())
        anchor[50] ^= 1
        with open(os.path.join(store, "anchor"), "wb") as file:
            file.write(anchor)
        self.assertEqual(self.checks(store), (20, ["anchor"]))
        os.unlink(os.path.join(store, "anchor"))
        self.assertEqual(self.checks(store), (20, ["anchor"]))

    def test_no_bit_of_the_audit_log_can_be_changed(self):
        store = self.copy()
        for name in ("audit-00000001", "audit-00000002"):
            path = os.path.join(store, "audit", name)
            with open(path, "rb") as file:
                good = file.read()
            for at in list(range(0, 200)) + list(range(200, len(good), 97)) + [len(good) - 1]:
                with open(path, "wb") as file:
                    file.write(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
                self.assertEqual(self.reads_log(store), "corrupt" if good[at] ^ 1 != 2 or at != 4 else "newer_format")
            for length in range(0, len(good), 131):
                with open(path, "wb") as file:
                    file.write(good[:length])
                self.assertEqual(self.reads_log(store), "corrupt")
            with open(path, "wb") as file:
                file.write(good)
        self.assertEqual(self.reads_log(store), "ok")

    def reads_log(self, place):
        """In this process: a thousand of them would take a while."""
        if not hasattr(self, "opened"):
            with store.opened(os.path.join(place, "store.db")) as database:
                self.opened = store.Store(database, lambda *_: None)
            with open(os.path.join(place, "key"), "rb") as file:
                key = seal.from_key_file(file.read())
            self.opened.unlock(lambda slot: key if slot.kind == "key_file" else None)
        try:
            audit.Log(os.path.join(place, "audit"), self.opened.id, self.opened.chain_key()).read()
        except Bad as bad:
            return bad.word
        return "ok"


if __name__ == "__main__":
    unittest.main()
