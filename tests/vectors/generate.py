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


SIDE = (9).to_bytes(32, "little")


def key_slot(a, kind=None, number=None, label=None, parameters=None, changed=None, voucher_root=None, share_inside=None, version=1, algorithm=1):
    """A row of a key slot; `changed` edits its bytes before the sum is made."""
    label, parameters = a["label"] if label is None else label, a["parameters"] if parameters is None else parameters
    row = b"tacs" + bytes([version, algorithm, kind or a["kind"], number or a["number"]]) + a["store"] + a["id"] + struct.pack("<Q", a["created"])
    row += struct.pack("<H", len(label)) + label + parameters
    public, ephemeral = x25519(a["secret"], SIDE), x25519(a["ephemeral"], SIDE)
    agreed = hashlib.blake2b(b"tacit-slot-share" + x25519(a["ephemeral"], public) + ephemeral + public, digest_size=32, key=a["share"]).digest()
    row += public + wrap(a["unlock"], 3, a["id"], a["nonce"], a["secret"] + (share_inside or a["share"])) + ephemeral + wrap(agreed, 4, a["id"], a["nonce"], a["root"])
    row += wrap(voucher_root or a["root"], 5, a["id"], a["nonce"], a["share"] + hashlib.blake2b(row, digest_size=32).digest())
    row = changed(row) if changed else row
    return row + hashlib.blake2b(row, digest_size=16).digest()


def slot_list(root, store, rows, head=b"tacl\1\0\0\0"):
    """`rows` by number."""
    hashes = b"".join(hashlib.blake2b(rows.get(n, b""), digest_size=32).digest() for n in range(1, 17))
    return head + hashlib.blake2b(head + hashes, digest_size=32, key=derive(root, b"tacit-slots-list", 0, store)).digest()


BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bech32_remainder(symbols):
    check = 1
    for symbol in symbols:
        top, check = check >> 25, (check & 0x1FFFFFF) << 5 ^ symbol
        for i, g in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= g if top >> i & 1 else 0
    return check


def bech32(part, symbols, final=0x2BC830A3):
    """BIP 173, and with its constant BIP 350."""
    head = [ord(c) >> 5 for c in part] + [0] + [ord(c) & 31 for c in part]
    check = bech32_remainder(head + symbols + [0] * 6) ^ final
    return part + "1" + "".join(BECH32[s] for s in symbols + [check >> 5 * (5 - i) & 31 for i in range(6)])


def recovery_symbols(secret, spare=0):
    bits = int.from_bytes(secret, "big") << 2 | spare
    return [bits >> 5 * (25 - i) & 31 for i in range(26)]


def grouped(text, by="-"):
    return text[:6] + "".join(by + text[i:i + 4] for i in range(6, len(text), 4))


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
    out = File("slot.txt", "Key slots of the first layout: `unlock` opens `sealed` to the root key `plain`; or fails as `expect` says.")
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
                      ("bytes above 127", text[:16] + b"\xff\xff\xff\xf5" + text[20:]),
                      ("bits beyond the key", text[:-3] + bytes([text[-3] + 1]) + text[-2:]), ("url alphabet", b"tacit-key-1 " + b"_" * 43 + b"=\n"),
                      ("zeros", bytes(57))):
        out.add(name, text=bad, expect="invalid")
    out.write()


def key_slots():
    out = File("keyslot.txt", "Key slots: `unlock` opens `row` to the root key `root`, which vouches for it; or opening fails as `expect`, vouching as `vouched` says.")
    a = dict(store=seeded("store", 16), id=seeded("slot id", 16), number=3, kind=1, created=1700000000000000000, label=b"", parameters=b"",
             unlock=seeded("unlock key", 32), root=seeded("root key", 32), secret=seeded("slot secret", 32), share=seeded("slot share", 32),
             ephemeral=seeded("ephemeral", 32), nonce=seeded("slot nonce", 24))
    shown = ("store", "number", "unlock", "root")

    def good(name, about, **other):
        b = dict(a, **other)
        out.add(name, **{f: b[f] for f in shown}, about=about, row=key_slot(b), expect="ok", vouched="ok")

    passphrase = struct.pack("<II", 3, 262144) + seeded("salt", 16)
    command = struct.pack("<H", 9) + b"unwrap-it" + struct.pack("<H", 5) + b"\0\1\2\3\4"
    longest = struct.pack("<H", 63) + b"p" * 63 + struct.pack("<H", 2048) + bytes(2048)
    good("key file", "key_file")
    good("key file with a label", "key_file", label=b"the one in the safe")
    good("passphrase", "passphrase", kind=2, parameters=passphrase)
    good("cheapest passphrase", "passphrase", kind=2, parameters=struct.pack("<II", 2, 65536) + bytes(16))
    good("dearest passphrase", "passphrase", kind=2, parameters=struct.pack("<II", 10, 1048576) + bytes(16))
    good("credential", "credential", kind=3, number=16)
    good("command", "command", kind=4, parameters=command)
    good("the longest slot", "command", kind=4, parameters=longest, label=b"~" * 63)
    good("recovery", "recovery", kind=5, number=1)

    row = key_slot(a)

    def fault(name, row, expect="corrupt", vouched="corrupt", **other):
        b = dict(a, **other)
        out.add(name, **{f: b[f] for f in shown}, row=row, expect=expect, vouched=vouched)

    fault("wrong unlock key", row, "wrong_key", "ok", unlock=seeded("other", 32))
    fault("wrong root key", row, "ok", "corrupt", root=seeded("other", 32))
    for name, at in (("magic", 0), ("algorithm", 5), ("kind", 6), ("number", 7), ("store id", 8), ("id", 24), ("created", 40), ("label's length", 48),
                     ("public key", 50), ("key check of the secret", 106), ("secret", 150), ("ephemeral key", 226), ("root", 330), ("voucher", 440),
                     ("sum", len(row) - 1)):
        fault("flipped bit: " + name, flip(row, at))
    fault("version 2", flip(flip(row, 4), 4, 1), "newer_format", "newer_format")
    fault("version 0", flip(row, 4))
    fault("truncated", row[:-1])
    fault("truncated to its head", row[:48])
    fault("one byte too many", row + b"\0")
    fault("empty", b"")
    fault("longer than any", row + bytes(2708 - len(row)))
    # By somebody without a key, who can make the sum.
    for name, edit in (("another public key", lambda r: r[:50] + x25519(seeded("other", 32), SIDE) + r[82:]),
                       ("a public key of small order", lambda r: r[:50] + bytes(32) + r[82:]),
                       ("another ephemeral key", lambda r: r[:226] + x25519(seeded("other", 32), SIDE) + r[258:]),
                       ("an ephemeral key of small order", lambda r: r[:226] + bytes(32) + r[258:]),
                       ("another root", lambda r: flip(r, 330)), ("another id", lambda r: flip(r, 24)), ("another secret", lambda r: flip(r, 150))):
        fault("forged: " + name, key_slot(a, changed=edit))
    fault("forged: another key check of the secret", key_slot(a, changed=lambda r: flip(r, 106)), "wrong_key")
    fault("forged: another created", key_slot(a, changed=lambda r: flip(r, 40)), "ok")
    fault("forged: another label", key_slot(dict(a, label=b"mine"), changed=lambda r: flip(r, 50)), "ok")
    fault("forged: another voucher", key_slot(a, changed=lambda r: flip(r, 440)), "ok")
    fault("forged: another kind", key_slot(a, changed=lambda r: r[:6] + b"\5" + r[7:]), "ok")
    fault("forged: less memory", key_slot(dict(a, kind=2, parameters=passphrase), changed=lambda r: r[:54] + struct.pack("<I", 65536) + r[58:]), "ok")
    fault("vouched for by another root key", key_slot(a, voucher_root=seeded("other", 32)), "ok")
    fault("another share inside", key_slot(a, share_inside=seeded("other", 32)), "corrupt", "ok")
    # By somebody with every key.
    fault("another store", row, store=seeded("other", 16))
    fault("moved to another number", row, number=4)
    fault("no algorithm", key_slot(a, algorithm=255))
    fault("kind 0", key_slot(a, changed=lambda r: r[:6] + b"\0" + r[7:]))
    fault("kind 6", key_slot(a, kind=6), "newer_format", "newer_format")
    fault("a label that is not printable", key_slot(a, label=b"a\x1b[2J"))
    fault("a label of 64 bytes", key_slot(a, label=b"a" * 64))
    fault("a label with a NUL", key_slot(a, label=b"a\0b"))
    fault("a byte after what a key file has", key_slot(a, parameters=b"\0"))
    for name, passes, memory in (("one pass", 1, 65536), ("eleven passes", 11, 65536), ("less than 64 MiB", 3, 65535), ("more than 1 GiB", 3, 1048577),
                                 ("all memory", 3, 0xFFFFFFFF)):
        fault("passphrase: " + name, key_slot(a, kind=2, parameters=struct.pack("<II", passes, memory) + bytes(16)))
    fault("passphrase without a salt", key_slot(a, kind=2, parameters=passphrase[:8]))
    for name, program, wrapped in (("no program", b"", b"x"), ("a path", b"../x", b"x"), ("a slash", b"a/b", b"x"), ("a program of 64 bytes", b"p" * 64, b"x"),
                                   ("nothing wrapped", b"p", b""), ("2,049 bytes wrapped", b"p", bytes(2049))):
        parameters = struct.pack("<H", len(program)) + program + struct.pack("<H", len(wrapped)) + wrapped
        fault("command: " + name, key_slot(a, kind=4, parameters=parameters))
    out.write()

    out = File("slotlist.txt", "Lists of key slots: the list of `row`, `number` (and `row2`, `number2`) under `root`; or checking fails as `expect` says.")
    rows = {3: row, 4: key_slot(dict(a, number=4, id=seeded("other", 16)))}
    other = key_slot(dict(a, created=1))
    two = slot_list(a["root"], a["store"], rows)

    def slots(name, listed, expect, there=rows, **fields):
        b = dict(store=a["store"], root=a["root"], **{f: v for f, v in zip(("number", "row", "number2", "row2"), [x for n in sorted(there) for x in (n, there[n])])})
        out.add(name, **dict(b, **fields), list=listed, expect=expect)

    slots("two slots", two, "ok")
    slots("one slot", slot_list(a["root"], a["store"], {3: row}), "ok", {3: row})
    slots("a slot was deleted", two, "corrupt", {3: row})
    slots("a slot was added", slot_list(a["root"], a["store"], {3: row}), "corrupt")
    slots("a slot was put back", two, "corrupt", {3: other, 4: rows[4]})
    slots("another root key", two, "corrupt", root=seeded("other", 32))
    slots("another store", two, "corrupt", store=seeded("other", 16))
    slots("flipped bit: magic", flip(two, 0), "corrupt")
    slots("flipped bit: reserved byte", flip(two, 5), "corrupt")
    slots("flipped bit: tag", flip(two, 39, 7), "corrupt")
    slots("version 0", flip(two, 4), "corrupt")
    slots("version 3", flip(two, 4, 1), "newer_format")
    slots("truncated", two[:-1], "corrupt")
    slots("one byte too many", two + b"\0", "corrupt")
    slots("empty", b"", "corrupt")
    out.write()


def recovery_keys():
    out = File("recovery.txt", "Recovery keys: the text (in hexadecimal) of `secret`, which stands for the unlock key `key`; or refused as `expect` says.")
    secret = seeded("recovery", 16)
    symbols = recovery_symbols(secret)
    text = bech32("tacit", symbols)
    key = hashlib.blake2b(b"tacit-recovery-1", digest_size=32, key=secret).digest()

    def good(name, text, secret=secret, key=key):
        out.add(name, secret=secret, key=key, text=text.encode(), expect="ok")

    good("as it is printed", grouped(text))
    good("a newline at its end", grouped(text) + "\n")
    good("in one piece", text)
    good("parted by spaces", grouped(text, " "))
    good("in capitals", grouped(text).upper())
    good("capitals and small letters", grouped(text)[:20] + grouped(text)[20:].upper())
    good("on many lines", "\n".join(text))
    for name, other in (("zeros", bytes(16)), ("ones", b"\xff" * 16)):
        good(name, grouped(bech32("tacit", recovery_symbols(other))), other, hashlib.blake2b(b"tacit-recovery-1", digest_size=32, key=other).digest())

    def bad(name, text):
        out.add(name, text=text if isinstance(text, bytes) else text.encode(), expect="invalid")

    other = lambda c: BECH32[(BECH32.index(c) + 7) % 32]
    bad("a wrong character", text[:20] + other(text[20]) + text[21:])
    bad("four wrong characters", text[:8] + other(text[8]) + text[9:12] + other(text[12]) + text[13:20] + other(text[20]) + text[21:30] + other(text[30]) + text[31:])
    bad("a wrong character in the check", text[:-1] + other(text[-1]))
    bad("two characters swapped", text[:10] + text[11] + text[10] + text[12:])
    bad("two groups swapped", text[:6] + text[10:14] + text[6:10] + text[14:])
    bad("a character missing", text[:15] + text[16:])
    bad("a group missing", text[:10] + text[14:])
    bad("a character twice", text[:15] + text[14:])
    bad("nothing", "")
    bad("its beginning alone", "tacit1")
    bad("without its beginning", text[6:])
    bad("another beginning", bech32("tacid", symbols))
    for c in "1bio":
        bad("the character " + c, text[:12] + c + text[13:])
    bad("a NUL", text[:12] + "\0" + text[13:])
    bad("a byte above 127", text[:12].encode() + b"\xb2" + text[13:].encode())
    bad("another mark between groups", grouped(text, "."))
    bad("Bech32 and not Bech32m", bech32("tacit", symbols, 1))
    bad("spare bits", bech32("tacit", recovery_symbols(secret, 1)))
    bad("spare bits, the other", bech32("tacit", recovery_symbols(secret, 2)))
    bad("256 bits", bech32("tacit", [0] * 52))
    bad("too long, of separators", text + " " * 300)
    out.write()


# By the reference implementation: printf %s PASSPHRASE | argon2 SALT -id -v 13 -t PASSES -k KIB -p 1 -l 32 -r
ARGON2 = [
    ("cheapest", b"correct horse battery staple", b"0123456789abcdef", 2, 65536, "cdb454754c3db33d45695237b0a4316be8834f7e7221f65293fca548e4eb68ff"),
    ("an odd amount of memory", b"correct horse battery staple", b"0123456789abcdef", 2, 65539, "eb31f0e281330a31ab8d622f259c468b264942b8202bc60c266781d227c3009d"),
    ("one byte, three passes", b"x", b"fedcba9876543210", 3, 65536, "55c7ce2eb9d389fe09b9d549dc8c873c7e38f906d1c6d0ca0794cb992a95585c"),
    ("not ASCII", "Grüße".encode(), b"0123456789abcdef", 2, 65536, "754e7ab150e7eb9124a188b5a18aa1534265fafde69edeef647e50cfde892c3b"),
]


def passphrases():
    out = File("passphrase.txt", "Passphrases: Argon2id gives `key`; or refused as `expect` says.")
    for name, text, salt, passes, memory, key in ARGON2:
        out.add(name, passphrase=text, salt=salt, passes=passes, memory=memory, key=bytes.fromhex(key), expect="ok")
    for name, text, passes, memory in (("one pass", b"x", 1, 65536), ("eleven passes", b"x", 11, 65536), ("less than 64 MiB", b"x", 2, 65535),
                                       ("more than 1 GiB", b"x", 2, 1048577), ("all memory", b"x", 2, 0xFFFFFFFF), ("no passes", b"x", 0, 65536),
                                       ("no bytes", b"", 2, 65536), ("1,025 bytes", b"x" * 1025, 2, 65536)):
        out.add(name, passphrase=text, salt=bytes(16), passes=passes, memory=memory, expect="invalid")
    out.write()


if __name__ == "__main__":
    records(), wraps(), transit(), keyfiles(), key_slots(), recovery_keys(), passphrases()
