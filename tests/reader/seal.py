# SPDX-License-Identifier: Apache-2.0
"""FORMAT.md, "Deriving a key" to "Wraps" and the seal of "Records": keys, and what is under them."""
import base64, hashlib, struct
import nacl.bindings as sodium
from nacl.exceptions import CryptoError

VERSION, ALGORITHM = 1, 1
NONCE, TAG = 24, 16
ROOT_KEY, KEYRING, SECRET, ROOT, VOUCHER = 1, 2, 3, 4, 5
PLAIN = {ROOT_KEY: 32, KEYRING: 584, SECRET: 64, ROOT: 32, VOUCHER: 64}


class Bad(Exception):
    """`word` is one of tacit's errors: corrupt, wrong_key, newer_format, invalid, stale."""

    def __init__(self, word, what):
        super().__init__(what)
        self.word, self.what = word, what


def need(condition, what, word="corrupt"):
    if not condition:
        raise Bad(word, what)


def algorithm(number, what):
    """A version has one; what is not that one is damage."""
    need(number == ALGORITHM, "algorithm of " + what)


def known(number, newest, what):
    need(number != 0, what + " 0")
    need(number <= newest, "%s %d" % (what, number), "newer_format")


def blake(data, key=b"", size=32):
    return hashlib.blake2b(data, key=key, digest_size=size).digest()


def derive(key, label, what, which):
    assert len(label) == 16 and len(which) == 16
    return blake(label + bytes([what]) + which, key)


def aead_open(key, nonce, sealed, associated, what):
    try:
        return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(sealed, associated, nonce, key)
    except CryptoError:
        raise Bad("corrupt", what + " does not open") from None


# Unlock keys.

def from_key_file(text):
    need(text[:12] == b"tacit-key-1 " and len(text) in (56, 57) and text[56:] in (b"", b"\n"), "key file", "invalid")
    body = text[12:56]
    try:
        key = base64.b64decode(body, validate=True)
    except ValueError:
        raise Bad("invalid", "key file") from None
    need(len(key) == 32 and base64.b64encode(key) == body, "key file", "invalid")
    return key


def from_answer(octets):
    return octets if len(octets) == 32 else from_key_file(octets)


def from_passphrase(passphrase, salt, passes, kib):
    need(2 <= passes <= 10 and 65536 <= kib <= 1048576, "cost of a passphrase", "invalid")
    need(1 <= len(passphrase) <= 1024, "length of a passphrase", "invalid")
    return sodium.crypto_pwhash_alg(32, passphrase, salt, passes, kib * 1024, sodium.crypto_pwhash_ALG_ARGON2ID13)


BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def polymod(values):
    check = 1
    for value in values:
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            check ^= generator if top >> i & 1 else 0
    return check


def from_recovery(text):
    need(len(text) <= 256, "length of a recovery key", "invalid")
    try:
        text = text.decode("ascii")
    except UnicodeDecodeError:
        raise Bad("invalid", "recovery key") from None
    text = "".join(c for c in text if c not in "- \t\r\n").lower()
    need(text[:6] == "tacit1" and len(text) == 38 and all(c in BECH32 for c in text[6:]), "recovery key", "invalid")
    data = [BECH32.index(c) for c in text[6:]]
    prefix = [ord(c) >> 5 for c in "tacit"] + [0] + [ord(c) & 31 for c in "tacit"]
    need(polymod(prefix + data) == 0x2BC830A3, "checksum of a recovery key", "invalid")
    bits = 0
    for value in data[:26]:
        bits = bits << 5 | value
    need(bits & 3 == 0, "recovery key", "invalid")
    return blake(b"tacit-recovery-1", (bits >> 2).to_bytes(16, "big"))


# Wraps.

def unwrap(wrap, kind, which, key, what):
    """The plaintext of `wrap`, of `kind` and for the id `which`, under the wrapping key."""
    need(len(wrap) == 80 + PLAIN[kind] and wrap[:4] == b"tacw", what + " is no wrap")
    known(wrap[4], VERSION, "version of " + what)
    algorithm(wrap[5], what)
    need(wrap[6] == kind and wrap[7] == 0, what + " is another kind of wrap")
    need(wrap[8:24] == which, what + " belongs to another")
    need(wrap[24:40] == derive(key, b"tacit-wrap-check", kind, which)[:16], what + " is under another key", "wrong_key")
    return aead_open(derive(key, b"tacit-wrap-key-1", kind, which), wrap[40:64], wrap[64:], wrap[:40], what)


class Keyring:
    def __init__(self, wrap, store_id, root_key):
        plain = unwrap(wrap, KEYRING, store_id, root_key, "the keyring")
        self.active, count = struct.unpack_from("<II", plain)
        need(1 <= count <= 16, "number of data keys")
        self.keys, last = {}, 0
        for i in range(count):
            number, = struct.unpack_from("<I", plain, 8 + 36 * i)
            need(number > last, "order of the data keys")
            self.keys[number], last = plain[12 + 36 * i:44 + 36 * i], number
        need(not any(plain[8 + 36 * count:]), "padding of the keyring")
        need(self.active in self.keys, "active data key")


# Records.

SIZES = [64 << 2 * i for i in range(8)]
PLAIN_MAX = 16 << 20


def padded(n):
    return next((size for size in SIZES if size >= n), -(-n >> 20) << 20)


def open_record(sealed, store_id, keyring, table, record_id):
    need(len(sealed) >= 72 and sealed[:4] == b"tacr", "no record")
    known(sealed[4], VERSION, "version of a record")
    algorithm(sealed[5], "a record")
    need(sealed[6:8] == b"\0\0", "record")
    need(sealed[8:24] == store_id, "record of another store")
    number, = struct.unpack_from("<I", sealed, 24)
    need(number in keyring.keys, "no data key %d" % number)
    key = derive(keyring.keys[number], b"tacit-record-key", table, record_id)
    plain = aead_open(key, sealed[28:52], sealed[52:], sealed[:28] + bytes([table]) + record_id, "record")
    need(len(plain) >= 4, "padding of a record")
    n, = struct.unpack("<I", plain[-4:])
    need(n <= PLAIN_MAX and padded(n) == len(plain) - 4 and not any(plain[n:-4]), "padding of a record")
    return plain[:n]
