# SPDX-License-Identifier: Apache-2.0
"""FORMAT.md, "Kinds": what the plaintext of a row of table 1 says."""
import re
from fields import Fields
from seal import known, need

ANYBODY, AGENT = 0xFFFFFFFF, 0xFFFFFFFE
NONE = bytes(16)


def secret(f, layout):
    said = {"name": f.text(), "created_ns": f.u64(), "last": f.u64(), "versions": []}
    count = f.u32()
    need(1 <= count <= 64, "number of versions")
    for _ in range(count):
        version = {"version": f.u64(), "created_ns": f.u64(), "size": f.u32(), "uid": f.u32(), "value_id": f.take(16)}
        need(version["version"] > (said["versions"][-1]["version"] if said["versions"] else 0), "order of the versions")
        need(1 <= version["size"] <= 1 << 20, "size of a value")
        said["versions"].append(version)
    newest = said["versions"][-1]["version"]
    need(said["last"] >= newest, "number of the last version")
    names = ("current", "previous", "next", "previous_until_ns", "current_since_ns")
    said.update(zip(names, [f.u64() for _ in names] if layout >= 2 else [newest, 0, 0, 0, 0]))
    kept = {v["version"] for v in said["versions"]}
    there = [said[name] for name in names[:3] if said[name]]
    need(said["current"] and kept.issuperset(there) and len(set(there)) == len(there), "current, previous, next")
    need(said["previous"] or not said["previous_until_ns"], "time of a previous version that is not there")
    return said


def grant(f, layout):
    said = {"secret_id": f.take(16), "consumer": f.text(), "file": f.text(), "uid": f.u32(), "gid": f.u32(),
            "mode": f.u16(), "created_ns": f.u64(), "revoked_ns": f.u64()}
    names = ("flags", "reads", "version", "expires_ns")
    said.update(zip(names, (f.u16(), f.u32(), f.u64(), f.u64()) if layout >= 2 else (0, 0, 0, 0)))
    said["hook"] = f.text(79) if layout >= 3 else ""
    need(said["mode"] <= 0o777, "mode")
    need(said["flags"] < 16 and said["flags"] & 12 != 4, "flags")
    need(said["reads"] <= 1000000, "reads")
    if "/" in said["file"]:
        need(not said["flags"] & 12 and not said["reads"] and not said["version"], "grant of a member")
    need((said["secret_id"] == NONE) == (said["revoked_ns"] != 0), "revoked grant")
    return said


def consumer(f, _):
    said = {"consumer": f.text(), "frozen_ns": f.u64(), "rules": []}
    count = f.u8()
    need(count <= 8, "number of rules")
    said["rules"] = [f.text(383) for _ in range(count)]
    return said


def use(f, layout):
    said = {"grant_id": f.take(16), "last_ns": f.u64(), "version": f.u64(), "who": f.text(191), "containers": []}
    count = f.u8()
    need(count <= 64, "number of containers")
    said["containers"] = [{"container": f.take(32), "opens": f.u32(), "version": f.u64() if layout >= 2 else 0}
                          for _ in range(count)]
    return said


def container(f, _):
    said = {"rest_of_id": f.take(16), "engine": f.u8(), "more_labels": f.u8(), "name": f.text(127),
            "project": f.text(127), "service": f.text(127), "image": f.text(255), "image_id": f.text(71),
            "digests": [f.text(71) for _ in range(8)]}
    size = f.u32()
    need(said["more_labels"] <= 1, "container")
    need(size <= 8192, "size of the labels")
    labels = f.take(size)
    need(not labels or labels[-1] == 0, "end of the labels")
    labels = labels[:-1].split(b"\0") if labels else []
    need(all(b"=" in label for label in labels), "label")
    said["labels"] = [label.decode("utf-8", "backslashreplace") for label in labels]
    return said


def bundle(f, _):
    said = {"name": f.text(), "created_ns": f.u64()}
    count = f.u8()
    need(1 <= count <= 16, "number of members")
    members = [f.take(16) for _ in range(count)]
    there = [m for m in members if m != NONE]
    need(there and len(set(there)) == len(there), "members")
    said.update(members=members, generations=[])
    kept = f.u8()
    need(1 <= kept <= 64, "number of generations")
    for _ in range(kept):
        one = {"generation": f.u64(), "created_ns": f.u64(), "versions": [f.u64() for _ in members]}
        need(one["generation"] > (said["generations"][-1]["generation"] if said["generations"] else 0),
             "order of the generations")
        said["generations"].append(one)
    need(all((v == 0) == (m == NONE) for v, m in zip(said["generations"][-1]["versions"], members)),
         "current generation")
    return said


def schedule(f, _):
    said = {"secret_id": f.take(16), "every_ns": f.u64(), "overlap_ns": f.u64(), "characters": f.u32(),
            "alphabet": f.u8(), "program": f.text(63), "due_ns": f.u64(), "step": f.u8(), "failures": f.u32(),
            "staged": f.u64(), "not_before_ns": f.u64(), "attempted_ns": f.u64(), "failure": f.text(127)}
    need(1 <= said["characters"] <= 4096 and said["alphabet"] <= 3, "a new value")
    need(said["step"] <= 3 and (said["step"] == 0 or said["program"]), "step")
    need((said["step"] == 0) == (said["staged"] == 0), "version that a step is about")
    return said


def hook(f, _):
    return {"grant_id": f.take(16), "done_for_ns": f.u64(), "tried_for_ns": f.u64(), "ended_ns": f.u64(),
            "not_before_ns": f.u64(), "failures": f.u32(), "failure": f.text(127)}


TAG = re.compile(r'[ \t]*(?:"\{\{"|([A-Za-z0-9][A-Za-z0-9._/-]*)((?:[ \t]*\|[ \t]*(?:url|urlencode|json|shell|base64)){0,4}))'
                 r'[ \t]*\}\}')


def names_of(text):
    """The secrets that a template's text names, each once, in the order in which it does."""
    names, at = [], text.find("{{")
    while at >= 0:
        tag = TAG.match(text, at + 2)
        need(tag, "tag of a template")
        if tag[1] and tag[1] not in names:
            names.append(tag[1])
        at = text.find("{{", tag.end())
    return names


def template(f, _):
    said = {"secret_id": f.take(16), "text": f.text(4096)}
    count = f.u8()
    need(1 <= count <= 8 and count == len(names_of(said["text"])), "number of secrets")
    said["made_of"] = [f.take(16) for _ in range(count)]
    need(len(set(said["made_of"]) | {said["secret_id"]}) == count + 1, "secrets of a template")
    return said


# Kind: its name, its newest layout, its reader.
KINDS = {1: ("secrets", 2, secret), 2: ("grants", 3, grant), 3: ("consumers", 1, consumer), 4: ("uses", 2, use),
         5: ("containers", 1, container), 6: ("bundles", 1, bundle), 7: ("schedules", 1, schedule),
         8: ("hooks", 1, hook), 9: ("templates", 1, template)}


def read(plain):
    """The name of its kind, and what it says."""
    need(2 <= len(plain) <= 16384, "size of a record")
    f = Fields(plain)
    kind, layout = f.u8(), f.u8()
    known(kind, max(KINDS), "kind")
    name, newest, reader = KINDS[kind]
    known(layout, newest, "layout of " + name)
    said = reader(f, layout)
    f.end("record")
    return name, said
