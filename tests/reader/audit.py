# SPDX-License-Identifier: Apache-2.0
"""FORMAT.md, "Audit log": every item in its place, under the key that only the chain key gives."""
import os, re, struct
import seal
from fields import Fields
from seal import Bad, blake, derive, known, need

HEADER, HEAD, RECORD_HEAD, SEALED, NO_LINK = 128, 88, 44, 40, bytes(32)
BATCH = 256 * (RECORD_HEAD + 768 + SEALED)
KINDS = {1: "read", 2: "denial", 3: "change", 4: "agent"}
NOBODY = 0xFFFFFFFF
OUT_OF_NOWHERE, CARRIED_ON, ANEW = 1, 2, 3


def step(key, label):
    return derive(key, label, 0, bytes(16))


class State:
    """audit.state: the newer of its whole copies."""

    def __init__(self, data, log_id):
        need(len(data) == 4608 and not any(data[512:4096]), "size of the state")
        best, trouble = None, Bad("corrupt", "the state has no whole copy")
        for place in (0, 1):
            copy = data[4096 * place:4096 * place + 512]
            try:
                if any(copy):
                    generation = self.copy(copy, log_id, place)
                    best = max(best or (generation, copy), (generation, copy))
            except Bad as bad:
                trouble = bad if bad.word == "newer_format" else trouble
        if best is None or trouble.word == "newer_format":
            raise trouble
        copy = best[1]
        self.file, self.end, self.number, self.oldest = struct.unpack_from("<QQQQ", copy, 32)
        self.step, self.link, self.ring = copy[64:96], copy[96:128], copy[128:144]
        self.lost, *self.taken = struct.unpack_from("<19Q", copy, 144)

    @staticmethod
    def copy(copy, log_id, place):
        need(copy[:4] == b"tact", "no state")
        known(copy[4], 1, "version of the state")
        seal.algorithm(copy[5], "the state")
        need(blake(copy[:496], size=16) == copy[496:], "sum of the state")
        generation, = struct.unpack_from("<Q", copy, 24)
        need(copy[6:8] == b"\0\0" and copy[8:24] == log_id and not any(copy[296:496]), "state")
        need(generation % 2 == place, "place of a copy of the state")
        return generation


def body(plain):
    need(len(plain) >= 2, "record")
    length, = struct.unpack_from("<H", plain)
    need(length + 2 <= len(plain) < length + 2 + 128 and not any(plain[2 + length:]), "padding of a record")
    f = Fields(plain[2:2 + length])
    known(f.u8(), 1, "layout of a record")
    said = {"lane": f.u8(), "lane_count": f.u64(), "kind": f.u8(), "time_ns": f.u64(), "request": f.u64(),
            "version": f.u64(), "pid": f.u32(), "uid": f.u32(), "operator": f.u32(),
            "times": f.u32(), "secret_id": f.take(16)}
    need(said["lane"] <= 17 or said["lane"] == 255, "lane")
    need(said["kind"] in KINDS, "kind of a record")
    said["kind"] = KINDS[said["kind"]]
    for name, most in (("container", 64), ("comm", 15), ("act", 31), ("rule", 31), ("outcome", 31),
                       ("consumer", 255), ("secret", 255)):
        octets = f.octets()
        need(len(octets) <= most and 0 not in octets, name)
        said[name] = octets.decode("utf-8", "backslashreplace")
    f.end("record")
    return said


class Log:
    def __init__(self, place, log_id, chain_key, since=(0, b"")):
        self.place, self.id = place, log_id
        self.since, self.since_link = since
        self.root = derive(chain_key, b"tacit-audit-log1", 0, log_id)
        self.records, self.next, self.link = [], None, None
        self.anew = False
        names = sorted((n for n in os.listdir(place) if re.fullmatch(r"audit-\d{8,}", n)), key=lambda n: int(n[6:]))
        self.files = [int(n[6:]) for n in names if n == "audit-%08d" % int(n[6:])]

    def read(self):
        with open(os.path.join(self.place, "audit.state"), "rb") as file:
            state = State(file.read(), self.id)
        files = [f for f in self.files if f >= state.oldest]
        need(files and files == list(range(files[0], files[-1] + 1)) and files[0] == state.oldest
             and files[-1] in (state.file, state.file + 1), "the files of the log are not all there")
        for number in files:
            with open(os.path.join(self.place, "audit-%08d" % number), "rb") as file:
                data = file.read()
            if number > state.file:
                need(len(data) <= HEADER, "there is more than the state says")
            else:
                self.read_file(number, data, state)
        need(not self.since or self.number >= self.since, "the store knows of more records: an older log", "stale")
        need(not self.anew, "the state was lost once, and the log begun anew")

    def read_file(self, number, data, state):
        need(len(data) >= HEADER and data[:4] == b"tace", "file %d has no header" % number)
        known(data[4], 1, "version of the log")
        seal.algorithm(data[5], "the log")
        origin, zero = data[6], data[7]
        log_id, own, first, created, oldest = struct.unpack_from("<16sQQQQ", data, 8)
        need(zero == 0 and log_id == self.id and own == number, "header of file %d" % number)
        first_of_all = self.link is None
        if origin == CARRIED_ON:
            need(self.next is not None, "file %d carries on what is not there" % number)
            self.next = step(self.next, b"tacit-audit-next")
        else:
            need(origin in (OUT_OF_NOWHERE, ANEW), "origin of file %d" % number)
            self.next = derive(self.root, b"tacit-audit-file", 0, struct.pack("<Q8x", number))
        if first_of_all:
            self.link, self.number = data[56:88], first - 1
            need(number != 1 or (self.link == NO_LINK and first == 1), "header of file 1")
        if origin == ANEW:
            self.anew = self.anew or not first_of_all
            self.link, self.number = data[56:88], first - 1
        need(data[56:88] == self.link and first == self.number + 1, "file %d does not follow" % number)
        self.item(data[:HEAD], data[HEAD:HEADER], "header of file %d" % number)
        at = HEADER
        while at < len(data) and not (number == state.file and at == state.end):
            at = self.record(number, data, at)
        if number == state.file:
            need(at == state.end and (self.next, self.link, self.number) == (state.step, state.link, state.number),
                 "the state is not that of its place")
            need(len(data) - at <= BATCH, "there is more than the state says")

    def record(self, file, data, at):
        what = "record %d" % (self.number + 1)
        need(at + RECORD_HEAD + SEALED <= len(data), what + " is cut short")
        n, number = struct.unpack_from("<IQ", data, at)
        end = at + RECORD_HEAD + SEALED + n
        need(n in range(128, 769, 128) and end <= len(data), what + " is cut short")
        need(number == self.number + 1 and data[at + 12:at + 44] == self.link, what + " does not follow")
        plain = self.item(data[at:at + RECORD_HEAD], data[at + RECORD_HEAD:end], what)
        self.records.append({"number": number, "file": file, **body(plain)})
        self.number = number
        need(number != self.since or self.link == self.since_link, what + " is not the one that the store knows", "stale")
        return end

    def item(self, head, sealed, what):
        key = step(self.next, b"tacit-audit-seal")
        plain = seal.aead_open(key, sealed[:24], sealed[24:], head, what)
        self.next, self.link = step(self.next, b"tacit-audit-step"), blake(head + sealed)
        return plain
