#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The test vectors, written from agent/FORMAT.md alone: no library but Python's own, none of tacit's code.

    tests/vectors/generate.py            writes *.txt beside itself; the same bytes every time
"""
import base64, hashlib, os, struct

M32 = 0xFFFFFFFF


def rotl(value, by):
    return ((value << by) | (value >> (32 - by))) & M32


def quarter_chacha(s, a, b, c, d):
    s[a] = (s[a] + s[b]) & M32; s[d] = rotl(s[d] ^ s[a], 16)
    s[c] = (s[c] + s[d]) & M32; s[b] = rotl(s[b] ^ s[c], 12)
    s[a] = (s[a] + s[b]) & M32; s[d] = rotl(s[d] ^ s[a], 8)
    s[c] = (s[c] + s[d]) & M32; s[b] = rotl(s[b] ^ s[c], 7)


def quarter_salsa(s, a, b, c, d):
    s[b] ^= rotl((s[a] + s[d]) & M32, 7); s[c] ^= rotl((s[b] + s[a]) & M32, 9)
    s[d] ^= rotl((s[c] + s[b]) & M32, 13); s[a] ^= rotl((s[d] + s[c]) & M32, 18)


CHACHA = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
          (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]
SALSA = [(0, 4, 8, 12), (5, 9, 13, 1), (10, 14, 2, 6), (15, 3, 7, 11),
         (0, 1, 2, 3), (5, 6, 7, 4), (10, 11, 8, 9), (15, 12, 13, 14)]
SIGMA = struct.unpack("<4I", b"expand 32-byte k")


def rounds(state, quarter, order):
    s = list(state)
    for _ in range(10):
        for where in order:
            quarter(s, *where)
    return s


def hchacha20(key, nonce16):
    s = rounds(SIGMA + struct.unpack("<8I", key) + struct.unpack("<4I", nonce16), quarter_chacha, CHACHA)
    return struct.pack("<8I", *(s[:4] + s[12:]))


def chacha20(key, nonce12, counter, data):
    out = b""
    for at in range(0, len(data), 64):
        state = SIGMA + struct.unpack("<8I", key) + (counter + at // 64,) + struct.unpack("<3I", nonce12)
        s = rounds(state, quarter_chacha, CHACHA)
        block = struct.pack("<16I", *((a + b) & M32 for a, b in zip(s, state)))
        out += bytes(a ^ b for a, b in zip(block, data[at:at + 64]))
    return out


def salsa_state(key, words):
    k = struct.unpack("<8I", key)
    return (SIGMA[0], *k[:4], SIGMA[1], *words, SIGMA[2], *k[4:], SIGMA[3])


def hsalsa20(key, nonce16):
    s = rounds(salsa_state(key, struct.unpack("<4I", nonce16)), quarter_salsa, SALSA)
    return struct.pack("<8I", *(s[i] for i in (0, 5, 10, 15, 6, 7, 8, 9)))


def xsalsa20(key, nonce24, length):
    subkey, out = hsalsa20(key, nonce24[:16]), b""
    for block in range((length + 63) // 64):
        state = salsa_state(subkey, struct.unpack("<2I", nonce24[16:]) + (block, 0))
        s = rounds(state, quarter_salsa, SALSA)
        out += struct.pack("<16I", *((a + b) & M32 for a, b in zip(s, state)))
    return out[:length]


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    acc = 0
    for at in range(0, len(data), 16):
        acc = (acc + int.from_bytes(data[at:at + 16] + b"\1", "little")) * r % ((1 << 130) - 5)
    return ((acc + int.from_bytes(key[16:], "little")) & ((1 << 128) - 1)).to_bytes(16, "little")


def pad16(data):
    return data + bytes(-len(data) % 16)


def aead(key, nonce24, associated, plain):
    subkey, nonce12 = hchacha20(key, nonce24[:16]), bytes(4) + nonce24[16:]
    cipher = chacha20(subkey, nonce12, 1, plain)
    lengths = struct.pack("<QQ", len(associated), len(cipher))
    return cipher + poly1305(chacha20(subkey, nonce12, 0, bytes(32)), pad16(associated) + pad16(cipher) + lengths)


def x25519(scalar, point):
    p = 2**255 - 19
    k = int.from_bytes(bytes([scalar[0] & 248]) + scalar[1:31] + bytes([scalar[31] & 127 | 64]), "little")
    u = int.from_bytes(point, "little") & ((1 << 255) - 1)
    x2, z2, x3, z3, swap = 1, 0, u, 1, 0
    for t in range(254, -1, -1):
        bit = k >> t & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb, aa, bb = d * a, c * b, a * a % p, b * b % p
        x3, z3 = (da + cb) ** 2 % p, u * (da - cb) ** 2 % p
        x2, z2 = aa * bb % p, (aa - bb) * (aa + 121665 * (aa - bb)) % p
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, p - 2, p) % p).to_bytes(32, "little")


def box_seal(public, ephemeral, message):
    mine = x25519(ephemeral, (9).to_bytes(32, "little"))
    nonce = hashlib.blake2b(mine + public, digest_size=24).digest()
    stream = xsalsa20(hsalsa20(x25519(ephemeral, public), bytes(16)), nonce, 32 + len(message))
    cipher = bytes(a ^ b for a, b in zip(message, stream[32:]))
    return mine + poly1305(stream[:32], cipher) + cipher


# ---- tacit's own formats, as FORMAT.md says

def derive(key, label, what, which):
    return hashlib.blake2b(label + bytes([what]) + which, digest_size=32, key=key).digest()


def bucket(length):
    for size in (64, 256, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20):
        if length <= size:
            return size
    return -(-length >> 20) << 20


def record(a, plain, padded=None, head=None):
    if padded is None:
        padded = plain + bytes(bucket(len(plain)) - len(plain)) + struct.pack("<I", len(plain))
    head = head or b"tacr" + bytes([1, 1, 0, 0]) + a["store"] + struct.pack("<I", a["key_id"])
    key = derive(a["key"], b"tacit-record-key", a["table"], a["id"])
    return head + a["nonce"] + aead(key, a["nonce"], head + bytes([a["table"]]) + a["id"], padded)


def wrap(key, kind, store, nonce, plain):
    head = b"tacw" + bytes([1, 1, kind, 0]) + store + derive(key, b"tacit-wrap-check", kind, store)[:16]
    return head + nonce + aead(derive(key, b"tacit-wrap-key-1", kind, store), nonce, head, plain)


def keyring_plain(active, keys, count=None):
    rows = b"".join(struct.pack("<I", number) + key for number, key in keys)
    return (struct.pack("<II", active, len(keys) if count is None else count) + rows).ljust(584, b"\0")


# ---- the vectors

def seeded(name, length):
    return hashlib.shake_256(b"tacit test vectors: " + name.encode()).digest(length)


def flip(data, at, bit=0):
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1:]


class File:
    def __init__(self, name, about):
        self.name, self.text = name, "# %s\n# Made by generate.py. Fields in hexadecimal but for numbers and words.\n" % about

    def add(self, name, **fields):
        self.text += "\nname %s\n" % name
        for field, value in fields.items():
            self.text += "%s %s\n" % (field, value.hex() if isinstance(value, bytes) else value)

    def write(self):
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), self.name), "w") as out:
            out.write(self.text)


def records():
    out = File("record.txt", "Records: sealing gives `sealed`, opening gives `plain`; or opening fails as `expect` says.")
    a = dict(key=seeded("data key", 32), store=seeded("store", 16), key_id=1, table=2,
             id=seeded("record", 16), nonce=seeded("nonce", 24))
    for length in (0, 1, 63, 64, 65, 256, 257, 1024):
        plain = seeded("plain %d" % length, length)
        b = dict(a, nonce=seeded("nonce %d" % length, 24))
        out.add("%d bytes" % length, **b, plain=plain, sealed=record(b, plain), expect="ok")
    b = dict(a, table=1, key_id=0x01020304)
    out.add("another table and key id", **b, plain=b"metadata", sealed=record(b, b"metadata"), expect="ok")

    good = record(a, b"correct horse battery staple")

    def fault(name, sealed, expect="corrupt", **other):
        out.add(name, **dict(a, **other), sealed=sealed, expect=expect)

    for name, at, bit, expect in (
            ("magic", 0, 0, "corrupt"), ("version to 0", 4, 0, "corrupt"), ("version to 3", 4, 1, "newer_format"),
            ("algorithm", 5, 1, "corrupt"), ("reserved byte", 6, 0, "corrupt"), ("store id", 8, 3, "corrupt"),
            ("key id", 24, 1, "corrupt"), ("nonce", 28, 0, "corrupt"), ("last byte of nonce", 51, 7, "corrupt"),
            ("ciphertext", 52, 0, "corrupt"), ("padding", 119, 0, "corrupt"), ("tag", 120, 0, "corrupt"),
            ("last bit of tag", len(good) - 1, 7, "corrupt")):
        fault("flipped bit: " + name, flip(good, at, bit), expect)
    fault("truncated by one byte", good[:-1])
    fault("truncated to the header", good[:28])
    fault("empty", b"")
    fault("one byte too many", good + b"\0")
    fault("another id", good, id=seeded("other", 16))
    fault("another table", good, table=1)
    fault("another store", good, store=seeded("other", 16))
    fault("another key id", good, key_id=2)
    fault("wrong key", good, key=seeded("other", 32))
    fault("newer version", record(a, b"x", head=b"tacr" + bytes([2, 1, 0, 0]) + a["store"] + bytes([1, 0, 0, 0])), "newer_format")
    fault("no algorithm", record(a, b"x", head=b"tacr" + bytes([1, 0, 0, 0]) + a["store"] + bytes([1, 0, 0, 0])))
    fault("length beyond the padding", record(a, b"", padded=bytes(64) + struct.pack("<I", 65)))
    fault("length of a smaller bucket", record(a, b"", padded=bytes(256) + struct.pack("<I", 64)))
    fault("padding that is no bucket", record(a, b"", padded=bytes(65) + struct.pack("<I", 65)))
    fault("padding that is not zero", record(a, b"", padded=b"a" + bytes(62) + b"\1" + struct.pack("<I", 1)))
    fault("length alone", record(a, b"", padded=struct.pack("<I", 0)))
    out.write()


def wraps():
    out = File("slot.txt", "Key slots: `unlock` opens `sealed` to the root key `plain`; or fails as `expect` says.")
    unlock, store, nonce = seeded("unlock key", 32), seeded("store", 16), seeded("slot nonce", 24)
    root = seeded("root key", 32)
    good = wrap(unlock, 1, store, nonce, root)
    out.add("good", unlock=unlock, store=store, nonce=nonce, plain=root, sealed=good, expect="ok")

    def fault(name, sealed, expect="corrupt", **other):
        out.add(name, **dict(dict(unlock=unlock, store=store), **other), sealed=sealed, expect=expect)

    for name, at, bit, expect in (
            ("magic", 3, 0, "corrupt"), ("version to 0", 4, 0, "corrupt"), ("version to 3", 4, 1, "newer_format"),
            ("algorithm", 5, 1, "corrupt"), ("kind", 6, 1, "corrupt"), ("reserved byte", 7, 0, "corrupt"),
            ("store id", 8, 0, "corrupt"), ("key check", 24, 0, "wrong_key"), ("nonce", 40, 0, "corrupt"),
            ("wrapped key", 64, 0, "corrupt"), ("tag", 96, 0, "corrupt")):
        fault("flipped bit: " + name, flip(good, at, bit), expect)
    fault("truncated", good[:-1])
    fault("empty", b"")
    fault("one byte too many", good + b"\0")
    fault("another store", good, store=seeded("other", 16))
    fault("wrong key", good, "wrong_key", unlock=seeded("other", 32))
    fault("a longer key", wrap(unlock, 1, store, nonce, root + bytes(16)))
    fault("a shorter key", wrap(unlock, 1, store, nonce, root[:-1]))
    fault("a keyring's kind", wrap(unlock, 2, store, nonce, root))
    out.write()

    out = File("keyring.txt", "Keyrings: `root` opens `sealed` to `plain`, the keys as packed; or fails as `expect` says.")

    def ring(name, plain, expect, sealed=None, **other):
        good = wrap(root, 2, store, nonce, plain) if sealed is None else sealed
        out.add(name, **dict(dict(root=root, store=store, nonce=nonce), **other), plain=plain, sealed=good, expect=expect)

    one, two = (1, seeded("data key", 32)), (7, seeded("data key 2", 32))
    full = [(n, seeded("data key %d" % n, 32)) for n in range(1, 17)]
    ring("one key", keyring_plain(1, [one]), "ok")
    ring("two keys", keyring_plain(7, [one, two]), "ok")
    ring("sixteen keys", keyring_plain(3, full), "ok")
    ring("no key", keyring_plain(0, []), "corrupt")
    ring("seventeen keys", keyring_plain(3, full, count=17), "corrupt")
    ring("keys out of order", keyring_plain(1, [two, one]), "corrupt")
    ring("one number twice", keyring_plain(1, [one, one]), "corrupt")
    ring("number zero", keyring_plain(0, [(0, one[1])]), "corrupt")
    ring("active key missing", keyring_plain(2, [one, two]), "corrupt")
    good = wrap(root, 2, store, nonce, keyring_plain(1, [one]))
    ring("wrong root key", keyring_plain(1, [one]), "wrong_key", good, root=seeded("other", 32))
    ring("another store", keyring_plain(1, [one]), "corrupt", good, store=seeded("other", 16))
    ring("flipped bit", keyring_plain(1, [one]), "corrupt", flip(good, 100))
    ring("truncated", keyring_plain(1, [one]), "corrupt", good[:-1])
    ring("a slot's kind", keyring_plain(1, [one]), "corrupt", wrap(root, 1, store, nonce, keyring_plain(1, [one])))
    out.write()


def transit():
    out = File("transit.txt", "Values in transit: `secret` opens `sealed` for `context` to `plain`; or fails as `expect` says.")
    secret, ephemeral = seeded("transit secret", 32), seeded("ephemeral", 32)
    public, context, value = x25519(secret, (9).to_bytes(32, "little")), b"create:db_password", b"correct horse"
    message = b"\1" + struct.pack("<H", len(context)) + context
    good = box_seal(public, ephemeral, message + value)

    def add(name, sealed, expect, **other):
        out.add(name, **dict(dict(public=public, secret=secret, context=context, plain=value), **other), sealed=sealed, expect=expect)

    add("good", good, "ok")
    add("a value of no bytes", box_seal(public, ephemeral, message), "ok", plain=b"")
    add("no context", box_seal(public, ephemeral, b"\1\0\0" + value), "ok", context=b"")
    for name, at in (("ephemeral key", 0), ("tag", 32), ("version", 48), ("last byte", len(good) - 1)):
        add("flipped bit: " + name, flip(good, at), "stale")
    add("truncated", good[:-1], "stale")
    add("shorter than a box", good[:47], "stale")
    other = seeded("other", 32)
    add("sealed to another key", good, "stale", secret=other, public=x25519(other, (9).to_bytes(32, "little")))
    add("another context", good, "invalid", context=b"rotate:db_password")
    add("the beginning of the context", good, "invalid", context=b"create:db")
    add("a longer context", good, "invalid", context=context + b"2")
    add("another version", box_seal(public, ephemeral, b"\2" + message[1:] + value), "invalid")
    add("nothing in the box", box_seal(public, ephemeral, b""), "invalid")
    add("a context that ends with the message", box_seal(public, ephemeral, b"\1\x0e\0create:abcdef"), "invalid", context=b"create:abcdefg")
    add("a context longer than the message", box_seal(public, ephemeral, b"\1\xff\xff" + value), "invalid")
    out.write()


def keyfiles():
    out = File("keyfile.txt", "Key files: the text (in hexadecimal) of `key`; or refused as `expect` says.")
    key = seeded("unlock key", 32)
    text = b"tacit-key-1 " + base64.b64encode(key) + b"\n"
    out.add("good", key=key, text=text, expect="ok")
    out.add("no newline", key=key, text=text[:-1], expect="ok")
    for name, bad in (("empty", b""), ("a newline", b"\n"), ("two newlines", text + b"\n"), ("carriage return", text[:-1] + b"\r\n"),
                      ("space before", b" " + text), ("another form", b"tacit-key-2" + text[11:]), ("no head", text[12:]),
                      ("two spaces", b"tacit-key-1 " + text[11:]), ("short key", text[:-2] + b"\n"), ("long key", text[:-1] + b"A\n"),
                      ("31 bytes", b"tacit-key-1 " + base64.b64encode(key[:31]) + b"\n"), ("33 bytes", b"tacit-key-1 " + base64.b64encode(key + b"a") + b"\n"),
                      ("a byte that is no base64", text[:20] + b"!" + text[21:]), ("a NUL", text[:20] + b"\0" + text[21:]),
                      ("bits beyond the key", text[:-3] + bytes([text[-3] + 1]) + text[-2:]), ("url alphabet", b"tacit-key-1 " + b"_" * 43 + b"=\n"),
                      ("zeros", bytes(57))):
        out.add(name, text=bad, expect="invalid")
    out.write()


if __name__ == "__main__":
    records(), wraps(), transit(), keyfiles()
