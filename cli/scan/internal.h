/* SPDX-License-Identifier: Apache-2.0 */
/* Private to cli/scan. Two kinds of parts: judges say of a name or a value what it is (pure
 * functions over ranges of bytes), readers know a kind of file and bring what they find in it to
 * the judges. What is found is a range of the text, collected in a pass, so that two rules that
 * speak of the same bytes are one finding. */
#ifndef TACIT_SCAN_INTERNAL_H
#define TACIT_SCAN_INTERNAL_H

#include "scan.h"
#include "seal/findhash.h"

/* Bytes of a text; not NUL-terminated. */
struct span {
	const char *at;
	size_t length;
};

/* ---- Judges ---- */

enum name_class {
	NAME_PLAIN,
	NAME_SECRET,   /* what it names is a secret */
	NAME_KEY,      /* ends in KEY: a secret when the value looks drawn by lot */
	NAME_LOGIN,    /* ends in AUTH: a secret when the value is a name and a password */
	NAME_HARMLESS, /* about a secret, or a digest: the value may look like one */
};
enum name_class name_classify(struct span name);
/* Whether digits alone may be the secret: a password's or PIN's. */
bool name_takes_digits(struct span name);

/* What kind of value it is, by its form alone. */
enum value_class {
	VALUE_OWN,         /* bytes of its own */
	VALUE_NOTHING,     /* empty, or a word that switches: "true", "none" */
	VALUE_REFERENCE,   /* `${X}`, a template, a path, an address: the secret is elsewhere */
	VALUE_PLACEHOLDER, /* stands for a value: "<password>", "your-key-here", "xxxx" */
	VALUE_SEALED,      /* ciphertext, or a hash of a password */
};
enum value_class value_classify(struct span value);
/* Whether a text says "example" or "your-...": in a token, the documentation's. */
bool value_is_sample(struct span value);
/* Of `${NAME:-default}` and nothing else: the default; else an empty span. */
struct span value_default(struct span value);
/* Whether it looks drawn by lot: 20 bytes or more, `least` of them letters and digits in a row. */
bool value_is_random(struct span value, size_t least);

/* A password within a value: of `scheme://user:PASSWORD@host`, of `Password=...;` and
 * `?password=...`, of
 * `name:PASSWORD@tcp(host)`. Empty: there is none. *end: where to look for the next. */
struct span url_password(struct span text, size_t from, size_t *end);
struct span pair_password(struct span text);

/* The token that begins at `at` in the text, and its kind; empty: none. What stands before `at` is
 * looked at, too. */
struct scanner;
struct span token_at(const struct scanner *scanner, struct span text, size_t at, const char **kind);

/* ---- A pass over one text ---- */

#define PASS_HITS_MAX 10000 /* findings of one file; what follows is not reported any more */

struct hit {
	enum scan_rule rule;
	size_t offset, end;
	char name[sizeof((struct scan_finding *)0)->name];
	char service[sizeof((struct scan_finding *)0)->service];
	uint64_t print[2];
};

struct pass {
	struct scanner *scanner;
	struct span text;
	bool no_entropy; /* values without a telling name are not judged here */
	bool example;    /* a file of examples: what is only named a secret is not one */
	struct span service;
	struct hit *hits;
	size_t count, room;
	bool failed; /* no memory */
};

/* Note that `where`, a part of the pass's text, is one. `value`: what the hash is of. */
void pass_hit(struct pass *pass, enum scan_rule rule, struct span name, struct span where,
	struct span value);
/* A variable or an option NAME with a value; `where` is where the value stands in the text, `value`
 * what it means (the same bytes when nothing was quoted). */
void pass_assignment(struct pass *pass, struct span name, struct span value, struct span where);
/* The same without a name: tokens of the whole text, passwords of URLs, options of a command. */
void pass_tokens(struct pass *pass);
void pass_stored(struct pass *pass);
void pass_urls(struct pass *pass, struct span part);
void pass_command(struct pass *pass, struct span command);
/* The same word by word; begins as {0}. */
struct command {
	struct span program;
	struct span option; /* it waits for its value, the next word */
	bool login;         /* which is NAME:PASSWORD */
};
void pass_word(struct pass *pass, struct command *command, struct span word);
/* A password in an address or a connection string; false: there is none. */
bool pass_address(struct pass *pass, struct span name, struct span value, struct span where);

/* Readers, each over all of the text. */
void read_env_file(struct pass *pass);
void read_dockerfile(struct pass *pass);
void read_systemd(struct pass *pass);
void read_yaml(struct pass *pass, enum scan_kind kind);
/* The variables of services once more, as a reader of the whole of YAML has them. */
void read_compose(struct pass *pass);

/* ---- The scanner ---- */

#define STARTS_BITS 16 /* of a stored value's start: an index into what may begin so */

struct scanner {
	struct findhash_key key, print; /* for stored values; for scan_finding.print */
	struct scan_stored *stored;
	size_t stored_count, stored_room;
	bool sorted;                             /* by their starts */
	uint8_t starts[1u << (STARTS_BITS - 3)]; /* a bit for each start that there is */
	/* Where the formats of tokens begin that have this first byte: of the next one they end. */
	uint16_t formats[257];
	uint8_t pairs[1u << (16 - 3)]; /* a bit for each two bytes that a token begins with */
};
void scanner_index_formats(struct scanner *scanner);
void stored_sort(struct scanner *scanner); /* before the first stored_at() */
/* The stored value that `bytes` begin with, or NULL. */
const struct scan_stored *stored_at(const struct scanner *scanner, struct span bytes);

/* ---- Spans ---- */

#define SPAN(text) ((struct span){ (text), sizeof(text) - 1 })
struct span span_of(const char *text);
struct span span_part(struct span from, size_t at, size_t end);
struct span span_trim(struct span from);                /* without blanks, tabs and CR around it */
struct span span_unquote(struct span from);             /* without a pair of quotes around it */
bool span_is(struct span from, const char *word);       /* without regard to case */
bool span_begins(struct span from, const char *prefix); /* likewise */
bool span_ends(struct span from, const char *suffix);   /* likewise */
bool span_has(struct span from, const char *word);      /* likewise */
/* Cut the next line off `rest`, without its end. False: there is none. */
bool span_line(struct span *rest, struct span *line);
/* Cut the next word off `rest`, as sh divides them; its quotes are a part of it. */
bool span_word(struct span *rest, struct span *word);
bool byte_in_name(char byte); /* letter, digit, '_' */

#endif
