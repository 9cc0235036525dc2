#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second reader of tacit's store, backup, anchor and audit log, written from agent/FORMAT.md alone.

    tacit_reader.py STORE KEY... [--anchor FILE] [--audit DIR]

KEY: --key-file FILE, --passphrase FILE, --recovery FILE, --answer FILE (of a credential or a program); the bytes of
a passphrase's file are the passphrase. Says as JSON what is there, with every value, and what is amiss. Ends with the
number of the first check of CHECKS that failed, 0 when all is well. libsodium through Debian's python3-nacl; SQLite.
"""
import argparse, json, sys
import audit, seal, store
from seal import Bad

# What is checked, in this order; the exit status of each. 2 is a wrong command line.
CHECKS = {"file": 10, "key": 11, "unlock": 12, "slots": 13, "list": 14, "root": 15, "meta": 16, "lists": 17, "rows": 18,
          "records": 19, "anchor": 20, "audit": 21}


def octets(path):
    with open(path, "rb") as file:
        return file.read()


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("store")
    key = parser.add_mutually_exclusive_group(required=True)
    for name in ("key-file", "passphrase", "recovery", "answer"):
        key.add_argument("--" + name, metavar="FILE")
    parser.add_argument("--anchor", metavar="FILE")
    parser.add_argument("--audit", metavar="DIR")
    return parser.parse_args()


def key_source(asked):
    """A function from a slot to the unlock key for it; None for a slot of the first layout, which has a key file's."""
    if asked.passphrase:
        given = octets(asked.passphrase)
        return lambda slot: (seal.from_passphrase(given, slot.salt, slot.passes, slot.kib)
                             if slot and slot.kind == "passphrase" else None)
    if asked.key_file:
        kinds, key = ("key_file",), seal.from_key_file(octets(asked.key_file))
    elif asked.recovery:
        kinds, key = ("recovery",), seal.from_recovery(octets(asked.recovery))
    else:
        kinds, key = ("credential", "command"), seal.from_answer(octets(asked.answer))
    return lambda slot: key if slot is None or slot.kind in kinds else None


class Report:
    def __init__(self):
        self.said, self.problems = {}, []

    def problem(self, check, what, word="corrupt"):
        self.problems.append({"check": check, "error": word, "what": what})

    def attempt(self, check, work, *arguments):
        """What `work` returns; None when it failed, which is then said."""
        try:
            return work(*arguments)
        except Bad as bad:
            self.problem(check, bad.what, bad.word)
        return None


def read_log(report, place, it):
    log = audit.Log(place, it.id, it.chain_key(), it.log_place())
    report.said["audit"] = log.records
    log.read()


def read(report, asked, database):
    it = store.Store(database, report.problem)
    report.said.update(store=it.id.hex(), created_ns=it.created)
    key_of = report.attempt("key", key_source, asked)
    if not key_of:
        return
    try:
        it.unlock(key_of)
    except Bad as bad:
        report.problem("unlock", bad.what, bad.word)
        return
    report.attempt("list", it.check_slots)
    report.said.update(opened_with=it.opened_with, keys={"active": it.keyring.active, "all": sorted(it.keyring.keys)},
                       slots=[slot.document(it.root_key) for slot in it.slots.values()])
    records = report.attempt("root", it.read)
    if records is None:
        return
    report.said.update(records, generation=it.generation, values=it.values, values_of_no_secret=it.strays)
    if asked.anchor:
        report.said["anchor"] = report.attempt("anchor", it.check_anchor, asked.anchor)
    if asked.audit:
        report.attempt("audit", read_log, report, asked.audit, it)


def main():
    asked, report = parse(), Report()
    try:
        with store.opened(asked.store) as database:
            read(report, asked, database)
    except (Bad, OSError) as error:
        report.problem("file", str(error))
    report.said["problems"] = report.problems
    json.dump(report.said, sys.stdout, indent=1, sort_keys=True, default=lambda some: some.hex())
    print()
    return min((CHECKS[p["check"]] for p in report.problems), default=0)


if __name__ == "__main__":
    sys.exit(main())
