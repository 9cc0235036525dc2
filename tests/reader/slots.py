# SPDX-License-Identifier: Apache-2.0
"""FORMAT.md, "Key slots": from one unlock key to the root key."""
import struct
import nacl.bindings as sodium
import seal
from fields import Fields
from seal import Bad, blake, derive, known, need

KINDS = {1: "key_file", 2: "passphrase", 3: "credential", 4: "command", 5: "recovery"}
PROGRAM = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


class Slot:
    def __init__(self, row, number, store_id):
        need(len(row) >= 6 and row[:4] == b"tacs", "no slot")
        known(row[4], seal.VERSION, "version of a slot")
        seal.algorithm(row[5], "a slot")
        need(blake(row[:-16], size=16) == row[-16:], "sum of a slot")
        f = Fields(row[:-16], 6)
        kind, self.number = f.u8(), f.u8()
        need(kind != 0, "kind of a slot")
        need(kind in KINDS, "kind %d of a slot" % kind, "newer_format")
        self.kind = KINDS[kind]
        need(self.number == number, "slot of another row")
        need(f.take(16) == store_id, "slot of another store")
        self.id, self.created = f.take(16), f.u64()
        label = f.octets()
        need(len(label) <= 63 and all(0x20 <= c <= 0x7E for c in label), "label of a slot")
        self.label = label.decode()
        self.passes = self.kib = self.salt = self.program = self.sealed = None
        if self.kind == "passphrase":
            self.passes, self.kib, self.salt = f.u32(), f.u32(), f.take(16)
            need(2 <= self.passes <= 10 and 65536 <= self.kib <= 1048576, "cost of a passphrase")
        if self.kind == "command":
            program = f.octets()
            need(1 <= len(program) <= 63 and program[0] != 0x2E and PROGRAM.issuperset(program), "program of a slot")
            self.program, self.sealed = program.decode(), f.octets()
            need(1 <= len(self.sealed) <= 2048, "what a slot has for its program")
        self.public = f.take(32)
        self.secret, self.ephemeral, self.root = f.take(144), f.take(32), f.take(112)
        self.hash, self.voucher = blake(row[:f.at]), f.take(144)
        f.end("slot")

    def open(self, unlock_key):
        """The root key. wrong_key: this is not the slot's key."""
        opened = seal.unwrap(self.secret, seal.SECRET, self.id, unlock_key, "secret")
        secret, share = opened[:32], opened[32:]
        try:
            point = sodium.crypto_scalarmult(secret, self.ephemeral)
        except Exception:
            raise Bad("corrupt", "point of a slot") from None
        need(any(point), "point of a slot")
        agreed = blake(b"tacit-slot-share" + point + self.ephemeral + self.public, share)
        try:
            return seal.unwrap(self.root, seal.ROOT, self.id, agreed, "root")
        except Bad as bad:
            raise Bad("newer_format" if bad.word == "newer_format" else "corrupt", bad.what) from None

    def vouched(self, root_key):
        try:
            return seal.unwrap(self.voucher, seal.VOUCHER, self.id, root_key, "voucher")[32:] == self.hash
        except Bad:
            return False

    def document(self, root_key):
        said = {"slot": self.number, "kind": self.kind, "label": self.label, "created_ns": self.created,
                "vouched": self.vouched(root_key)}
        if self.kind == "passphrase":
            said.update(passes=self.passes, memory_kib=self.kib)
        if self.kind == "command":
            said.update(program=self.program)
        return said


def check_list(row, rows, root_key, store_id):
    need(len(row) == 40 and row[:4] == b"tacl", "no list of slots")
    known(row[4], 1, "version of the list of slots")
    need(row[5:8] == b"\0\0\0", "list of slots")
    key = derive(root_key, b"tacit-slots-list", 0, store_id)
    mac = blake(row[:8] + b"".join(blake(rows.get(n, b"")) for n in range(1, 17)), key)
    need(mac == row[8:], "the list of slots does not agree with the slots")
