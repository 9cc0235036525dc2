# SPDX-License-Identifier: Apache-2.0
"""Integers, texts and ids, one after the other."""
import struct
from seal import need


class Fields:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def take(self, size):
        need(self.at + size <= len(self.data), "cut short")
        self.at += size
        return self.data[self.at - size:self.at]

    def u8(self):
        return self.take(1)[0]

    def u16(self):
        return struct.unpack("<H", self.take(2))[0]

    def u32(self):
        return struct.unpack("<I", self.take(4))[0]

    def u64(self):
        return struct.unpack("<Q", self.take(8))[0]

    def octets(self):
        return self.take(self.u16())

    def text(self, most=65535):
        octets = self.octets()
        need(len(octets) <= most and 0 not in octets, "text")
        return octets.decode("utf-8", "backslashreplace")

    def end(self, what):
        need(self.at == len(self.data), "something follows the last field of a " + what)
