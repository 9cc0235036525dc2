/* SPDX-License-Identifier: Apache-2.0 */
/* Frames between the processes of one agent, over SOCK_SEQPACKET pairs made by holder.
 *
 * A frame is a header and a body of exactly the size its type has in the table of frame.c, or, for
 * the two types that carry octets, at most the size the table says. The table also says which role
 * may send it: a frame that is too short, too long, unknown, or from the wrong role is refused, and
 * the receiver ends that channel. Both ends are of one build and one machine, so the structs are
 * sent as they lie in memory; no pointer is in any of them. Text fields end in NUL within the
 * field.
 *
 * Reading and writing need no lock when one thread of a process owns a channel. */
#ifndef TACIT_WIRE_FRAME_H
#define TACIT_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <tacit/api.h>

#include "base/access.h"
#include "base/binding.h"
#include "base/container.h"
#include "base/err.h"
#include "base/hook.h"
#include "wire/role.h"

enum frame_type {
	/* holder -> any role */
	FRAME_GIVE = 1, /* struct frame_give, and a descriptor with it */
	FRAME_GO,       /* no body: everything needed has been given */
	FRAME_PING,     /* no body */
	FRAME_STOP,     /* struct frame_stop: may the agent stop? answered by FRAME_STOP_ANSWER */
	FRAME_UPGRADE_FAILED, /* struct frame_text: why the new version was not started */
	FRAME_RAN,            /* struct frame_ran: how a program ended; to core */
	/* any role -> holder */
	FRAME_READY, /* no body: serving */
	FRAME_PONG,  /* no body */
	/* core -> holder */
	FRAME_PUBLISH,     /* struct frame_publish: write core's public key where clients look */
	FRAME_NEED_KEY,    /* struct frame_need_key: give the key file (or make it) */
	FRAME_STOP_ANSWER, /* struct frame_stop_answer */
	FRAME_UPGRADE,     /* no body: check the files on disk, then re-execute */
	FRAME_NEED_COPY,   /* no body: connect to where records of the audit are told, too; answered
			      by FRAME_GIVE of GIVE_COPY */
	FRAME_EXPEL,       /* struct frame_expel: a role sent what it may not; end its process */
	FRAME_RUN, /* struct frame_run: run a program; answered by FRAME_RAN of its number */
	/* core -> toucher */
	FRAME_TOUCH, /* struct frame_touch */
	/* toucher -> core */
	FRAME_TOUCHED, /* no body: the one touch under way is over */
	/* api -> core */
	FRAME_REQUEST, /* struct frame_request; request.body_length octets follow in FRAME_OCTETS */
	/* core -> api */
	FRAME_REPLY, /* struct frame_reply; reply.body_length octets follow in FRAME_OCTETS */
	/* api <-> core */
	FRAME_OCTETS, /* 1 to FRAME_OCTETS_MAX bytes of a body, in order */
	/* core -> engine */
	FRAME_IDENTIFY, /* struct frame_container_id: which container is it? A thread waits for the
			   answer: FRAME_CAME or FRAME_UNKNOWN of that id */
	/* engine -> core */
	FRAME_CAME,         /* struct frame_came: facts of a container */
	FRAME_WENT,         /* struct frame_went: a container ended */
	FRAME_UNKNOWN,      /* struct frame_container_id: no engine runs it */
	FRAME_ENGINE_STATE, /* struct frame_engine_state */
	/* engine -> gate */
	FRAME_ASK, /* struct frame_ask; answered by FRAME_GIVE of GIVE_ANSWER */
	/* core -> gate */
	FRAME_ACT, /* struct frame_act: do something to a container; answered by FRAME_ACTED */
	/* engine -> core, by what the engine answered; gate -> core, when it could not be asked */
	FRAME_ACTED, /* struct frame_acted */
	/* gate -> holder */
	FRAME_NEED_ENGINE, /* struct frame_need_engine; answered by FRAME_GIVE of GIVE_ENGINE */
	FRAME_TYPES
};

#define FRAME_OCTETS_MAX 32768u
#define FRAME_BODY_MAX FRAME_OCTETS_MAX
#define FRAME_TEXT_MAX 256

/* What a given descriptor is. A name in the descriptor table of holder, too (holder/table.h). */
enum give {
	GIVE_DEVICE = 1, /* /dev/fuse, the index-th clone; to core */
	GIVE_HANDOVER,   /* memfd, wire/handover.h; to core */
	GIVE_KEY_PAGE,   /* memfd_secret, wire/handover.h; to core */
	GIVE_ADOPT,      /* listening socket by which a new holder finds core; to core */
	GIVE_MOUNT,      /* O_PATH of the mount's root; to core, toucher */
	GIVE_LISTENER,   /* listening socket for operators; to core, api */
	GIVE_PEER,       /* a channel to the role `index`; to any role */
	GIVE_KEY_FILE,   /* the key file or credential; without a descriptor when
			    frame_give.status says why */
	GIVE_SELF,       /* a pidfd of core; core -> a new holder, when adopted */
	GIVE_ENGINE, /* a connection to an engine, for the ask `index`; holder -> gate; without a
			descriptor when frame_give.status says why */
	GIVE_ANSWER, /* a pipe with an engine's answer to the ask `index`, as it came, to its end;
			gate -> engine; without a descriptor when frame_give.status says why */
	GIVE_ACTED,  /* a pipe with an engine's answer to the act `index`, likewise; gate -> engine
		      */
	GIVE_STREAM, /* what the program of the next FRAME_RUN shall have as its descriptor `index`:
			1, or RUN_OLD_FD, or RUN_NEW_FD; of RUN_KEY 0, too; core -> holder */
	GIVE_AUDIT_RING, /* memfd, wire/audit_ring.h; to core */
	GIVE_COPY, /* a socket to syslog or journald, connected, that never waits; to core; without
			a descriptor when frame_give.status says why */
	GIVES
};

struct frame_give {
	uint32_t what;  /* enum give */
	uint32_t index; /* of GIVE_DEVICE; the role of GIVE_PEER; enum key_source of GIVE_KEY_FILE */
	int32_t pid;    /* of GIVE_PEER: the process at the other end */
	int32_t status; /* of GIVE_KEY_FILE, GIVE_ENGINE, GIVE_ANSWER, GIVE_COPY: 0, or -enum
			   tacit_code and no descriptor comes */
};

struct frame_stop {
	uint32_t force; /* do not look whether containers hold the mount */
};

struct frame_stop_answer {
	uint32_t held_by; /* containers that hold the mount: 0 = go ahead */
};

struct frame_text {
	char text[FRAME_TEXT_MAX];
};

struct frame_publish {
	uint8_t public_key[32];
};

enum key_source { KEY_FROM_FILE, KEY_FROM_CREDENTIAL, KEY_SOURCES };

struct frame_need_key {
	uint32_t source; /* enum key_source */
	uint32_t create; /* KEY_FROM_FILE, 1: make it, empty and 0400, and open for writing;
			    TACIT_EXISTS possible */
};

struct frame_expel {
	uint32_t role;
};

/* Who runs it, one at a time in each: a user of its own, of whose processes none outlives the run.
 */
enum run_lane { RUN_HOOK, RUN_ROTATOR, RUN_KEY, RUN_LANES };

#define RUN_ARGUMENT_MAX 15
#define RUN_OLD_FD 3 /* the value as it was, to be read to its end */
#define RUN_NEW_FD 4 /* and as it will be */

/* A program of hooks.d, rotators.d or keys.d. argv: its path, `argument` when that is not empty.
 * Environment: PATH; and, but for RUN_KEY, TACIT_SECRET, TACIT_VERSION, and TACIT_CONSUMER of
 * RUN_HOOK. Standard input and output are /dev/null, but for what GIVE_STREAM has given before this frame. */
struct frame_run {
	uint32_t number; /* comes back */
	uint32_t lane;   /* enum run_lane */
	uint32_t timeout_ms;
	uint32_t pad;
	uint64_t version; /* of the secret */
	char program[HOOK_PROGRAM_MAX + 1];
	char argument[RUN_ARGUMENT_MAX + 1];
	char secret[TACIT_SECRET_NAME_MAX + 1];
	char consumer[TACIT_CONSUMER_NAME_MAX + 1];
};

enum run_end {
	RUN_EXITED, /* `status`: as exit(3) was called */
	RUN_KILLED, /* `status`: by which signal */
	RUN_TIMED_OUT,
	RUN_REFUSED, /* no such program, or not one that only root can have put there; text in the
			log */
	RUN_BUSY,    /* the lane is taken: try again */
	RUN_ENDS
};

struct frame_ran {
	uint32_t number;
	uint32_t lane;
	uint32_t end; /* enum run_end */
	int32_t status;
};

enum act { ACT_SIGNAL = 1, ACT_RESTART, ACTS_ON_CONTAINERS };

struct frame_act {
	uint32_t number; /* comes back */
	uint32_t engine; /* index in the configuration */
	uint32_t what;   /* enum act */
	char signal[8];  /* of ACT_SIGNAL: as base/hook.h names it */
	char id[CONTAINER_ID_LENGTH + 1];
};

struct frame_acted {
	uint32_t number;
	int32_t code;    /* 0, or -enum tacit_code: there was no whole answer */
	uint32_t status; /* of HTTP */
};

struct frame_touch {
	char path[TACIT_CONSUMER_NAME_MAX + 1 + TACIT_FILE_NAME_MAX + 1]; /* below the mount */
};

struct frame_container_id {
	char id[CONTAINER_ID_LENGTH + 1];
};

enum container_life {
	LIFE_CREATED, /* never started */
	LIFE_RUNNING, /* running, paused, or just being started */
	LIFE_ENDED,   /* it ran, and has ended */
};

struct frame_came {
	uint32_t life; /* enum container_life */
	struct container_facts facts;
};

struct frame_went {
	char id[CONTAINER_ID_LENGTH + 1];
	uint8_t removed; /* 0: it has ended and may be started again; 1: it will not be */
};

enum engine_state {
	ENGINE_DOWN, /* its API does not answer: what is known of its containers is all there is */
	ENGINE_LISTING, /* it answers; all of its containers follow in FRAME_CAME */
	ENGINE_SYNCED,  /* they have been told; from now on every change is */
};

struct frame_engine_state {
	uint32_t engine; /* index in the configuration */
	uint32_t state;  /* enum engine_state */
};

/* What may be asked of an engine, and nothing else may. */
enum ask {
	ASK_EVENTS = 1, /* its stream of container events, from now on; without an end */
	ASK_LIST,       /* all of its containers */
	ASK_CONTAINER,  /* one, by id */
	ASK_IMAGE,      /* one, by "sha256:" and 64 digits */
	ASKS
};

struct frame_ask {
	uint32_t ask;    /* a number of engine's choice, for the answer */
	uint32_t engine; /* index in the configuration */
	uint32_t what;   /* enum ask */
	char id[CONTAINER_DIGEST_MAX + 1];
};

struct frame_need_engine {
	uint32_t ask; /* comes back as frame_give.index */
	uint32_t engine;
};

/* What an operator asks. Fields a verb does not use are zero. */
enum verb {
	VERB_STATUS = 1,
	VERB_SECRET_LIST,
	VERB_SECRET_CREATE,   /* secret; body: value sealed for "create:SECRET" */
	VERB_SECRET_INSPECT,  /* secret */
	VERB_SECRET_ROTATE,   /* secret, lifetime_ns; body: value sealed for "rotate:SECRET" */
	VERB_SECRET_STAGE,    /* secret; body: value sealed for "stage:SECRET" */
	VERB_SECRET_PROMOTE,  /* secret, lifetime_ns: the staged version becomes the current one */
	VERB_SECRET_RETIRE,   /* secret: its previous version is read no more */
	VERB_SECRET_ROLLBACK, /* secret, version (0 = the previous one) */
	VERB_SECRET_HISTORY,  /* secret */
	VERB_SECRET_READERS,  /* secret: which version each running container has opened */
	VERB_SECRET_REVEAL,   /* secret, version (0 = current), reply_key; reply body sealed for
				 "reveal:SECRET" */
	VERB_SECRET_HASHES,   /* secret ("": from the first; else those after it); body: a key
				 sealed for "hashes"; reply body: lines of JSON */
	VERB_SECRET_REMOVE,   /* secret, flags */
	VERB_SECRET_SCHEDULE, /* secret, every_ns, lifetime_ns (overlap), generate, alphabet,
				 rotator: what the agent does by itself; `generate` 0 ends it.
				 REQUEST_NOW: it is due */
	VERB_BUNDLE_LIST,
	VERB_BUNDLE_CREATE,  /* secret ("tls"); body: members sealed for "create:tls/" */
	VERB_BUNDLE_INSPECT, /* secret */
	VERB_BUNDLE_ROTATE,  /* secret, lifetime_ns; body: members sealed for "rotate:tls/" */
	VERB_BUNDLE_REMOVE,  /* secret, flags: all of its secrets, too */
	VERB_GRANT_ADD,  /* secret ("tls/": each member, in the folder `file`), consumer, file ("" =
			    default), uid, gid, mode */
	VERB_GRANT_LIST, /* secret and consumer, each "" = all */
	VERB_GRANT_REMOVE, /* secret, consumer, file ("" = the only one) */
	VERB_GRANT_CHECK, /* secret, consumer, file ("" = the only one), pid or container ("" and 0:
			     whoever the consumer is) */
	VERB_CONSUMER_LIST,
	VERB_CONSUMER_INSPECT, /* consumer */
	VERB_CONSUMER_BIND,    /* consumer, rules: added to those it has */
	VERB_CONSUMER_UNBIND,  /* consumer, rules (none = all) */
	VERB_CONSUMER_FREEZE,  /* consumer: no open, and open files end */
	VERB_CONSUMER_THAW,    /* consumer */
	VERB_CONSUMER_REMOVE,  /* consumer: its grants and its rules; flags */
	VERB_RUN_BEGIN, /* consumer, container (an id of the asker's choice), pid: of the host's,
			   while it lives */
	VERB_RUN_END,   /* container */
	VERB_ACCESS_EXPORT,
	VERB_ACCESS_APPLY, /* flags; body: struct access_statement, one after the other */
	VERB_KEY_LIST,     /* also while locked */
	VERB_KEY_ADD,      /* key_kind, label, program; body: what opens the slot, sealed for
			      "key-add"; empty of KEY_OF_CREDENTIAL and KEY_OF_COMMAND */
	VERB_KEY_REMOVE,   /* slot */
	VERB_KEY_ROTATE,
	VERB_STORE_CREATE, /* as KEY_ADD, where there is no store; sealed for "store-create" */
	VERB_STORE_VERIFY,
	VERB_STORE_ACCEPT,        /* accept */
	VERB_STORE_BACKUP,        /* begin a backup; TACIT_BUSY while another is taken */
	VERB_STORE_BACKUP_STEP,   /* go on copying: how far it is */
	VERB_STORE_BACKUP_READ,   /* offset; reply body: up to TACIT_CHUNK_MAX octets of it */
	VERB_STORE_BACKUP_END,    /* forget it */
	VERB_STORE_RESTORE,       /* begin a restore, in place of one that is under way */
	VERB_STORE_RESTORE_WRITE, /* offset; body: up to TACIT_CHUNK_MAX octets of a backup */
	VERB_STORE_RESTORE_END,   /* flags; body: empty (what unlocks the agent by itself), or a key
				     of key_kind sealed for "restore": go on with it as the store */
	VERB_STORE_RESTORE_DROP,  /* forget it */
	VERB_AUDIT_READ,   /* offset (number of a record; 0: the last `count`), count; reply body:
			      lines of JSON */
	VERB_AUDIT_VERIFY, /* begin, when it is not under way; and how far it is */
	VERB_AUDIT_HASH,   /* secret, version; or, without a secret, body: a value sealed for "hash" */
	VERB_METRICS,      /* flags; reply body: Prometheus' text format */
	VERB_LOCK,
	VERB_UNLOCK, /* key_kind; body: empty (what unlocks the agent by itself), or a key file's
			text, a passphrase or a recovery key, sealed for "unlock" */
	VERB_UPGRADE,
	VERB_STOP, /* flags */
	VERBS
};

#define REQUEST_FORCE                                                                              \
	1u /* SECRET_REMOVE although granted; STOP although containers hold the mount;             \
	      CONSUMER_REMOVE although it has grants; STORE_RESTORE_END although the store that    \
	      is there has secrets */
#define REQUEST_DRY_RUN 2u /* ACCESS_APPLY: say what would change, and change nothing */
#define REQUEST_NOW 8u     /* SECRET_SCHEDULE: change nothing, but let it be due now */
#define REQUEST_NAMES 16u  /* METRICS: of each secret, by its name */
#define REQUEST_TEMPLATE                                                                           \
	32u /* SECRET_CREATE, SECRET_ROTATE: the body is a template's text, sealed for             \
	       "create-template:SECRET" or "rotate-template:SECRET" */
#define REQUEST_PRUNE 4u /* ACCESS_APPLY: what the file does not say is taken away */

/* Bytes a request's body can have at most: a sealed value, or a file of statements. */
#define REQUEST_BODY_MAX ACCESS_BYTES_MAX

/* What a slot's key comes from; seal/slot.h has the same numbers. */
enum key_kind {
	KEY_OF_FILE = 1,
	KEY_OF_PASSPHRASE,
	KEY_OF_CREDENTIAL,
	KEY_OF_COMMAND,
	KEY_OF_RECOVERY,
	KEY_KINDS
};

/* What becomes of damaged rows, or of a store that its anchor does not know. */
enum accept { ACCEPT_DROP = 1, ACCEPT_ADOPT, ACCEPT_ROLLBACK, ACCEPTS };

struct frame_request {
	uint32_t verb; /* enum verb */
	uint32_t flags;
	uint32_t body_length;  /* at most REQUEST_BODY_MAX */
	uint32_t operator_uid; /* of the peer, as the kernel told api */
	uint64_t version;      /* of a secret; 0: the current one */
	uint64_t expires_ns;   /* realtime at which a grant ends; 0: it does not */
	uint64_t lifetime_ns;  /* or how long it lives from now on; 0: not said. Of ROTATE and
				  PROMOTE: how long the previous version does */
	uint32_t reads;        /* OPENs a grant gives each container; 0: any number */
	uint32_t grant_flags;  /* of GRANT_NEWLINE, GRANT_MAIN_PROCESS */
	int32_t pid;           /* GRANT_CHECK, RUN_BEGIN: a process of the host's; 0: none */
	uint32_t rule_count;   /* of rules */
	uint32_t uid, gid;     /* 0xffffffff: whoever reads */
	uint32_t mode;         /* permission bits; 0 = 0400 */
	uint32_t generate;     /* SECRET_SCHEDULE: characters of a new value */
	uint32_t alphabet;     /* enum seal_alphabet */
	uint64_t every_ns;
	uint32_t key_kind; /* enum key_kind; 0: not said */
	uint32_t slot;     /* number of a key slot, from 1; 0: not said */
	uint32_t accept;   /* enum accept */
	uint32_t count;    /* of records */
	uint64_t offset;   /* in octets of a backup, or number of a record */
	char label[TACIT_LABEL_MAX + 1];
	char program[HOOK_PROGRAM_MAX + 1]; /* KEY_OF_COMMAND: of keys.d */
	char rotator[HOOK_PROGRAM_MAX + 1];
	char on_rotate[HOOK_TEXT_MAX + 1]; /* GRANT_ADD */
	uint8_t reply_key[32];
	char secret[TACIT_SECRET_NAME_MAX + 1];
	char consumer[TACIT_CONSUMER_NAME_MAX + 1];
	char file[TACIT_FILE_NAME_MAX + 1];
	char container[CONTAINER_NAME_MAX + 1]; /* GRANT_CHECK: a name or an id; RUN: an id */
	char rules[BINDING_RULES_MAX][BINDING_TEXT_MAX + 1];
};

/* The answer. When code is 0 the body is a document (wire/doc.h), but for SECRET_REVEAL, where it
 * is the sealed value, and those verbs that say what octets it is. Otherwise there is no body and
 * `text` says why, without echoing the request.
 */
struct frame_reply {
	uint32_t code; /* enum tacit_code */
	uint32_t body_length;
	char text[FRAME_TEXT_MAX];
};

#define REPLY_BODY_MAX (16u << 20)

/* A frame as received. */
struct frame {
	uint32_t type;   /* enum frame_type */
	uint32_t length; /* of the body */
	int fd;          /* that came with it, or -1; the receiver's to close */
	union {
		struct frame_give give;
		struct frame_stop stop;
		struct frame_stop_answer stop_answer;
		struct frame_text text;
		struct frame_publish publish;
		struct frame_need_key need_key;
		struct frame_expel expel;
		struct frame_touch touch;
		struct frame_run run;
		struct frame_ran ran;
		struct frame_act act;
		struct frame_acted acted;
		struct frame_container_id container_id;
		struct frame_came came;
		struct frame_went went;
		struct frame_engine_state engine_state;
		struct frame_ask ask;
		struct frame_need_engine need_engine;
		struct frame_request request;
		struct frame_reply reply;
		uint8_t octets[FRAME_BODY_MAX];
	} body;
};

/* Room for the control message that carries one descriptor. */
union frame_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

/* Let `fd` go with `message`; `control` must live until it is sent. */
void frame_attach(struct msghdr *message, union frame_control *control, int fd);

/* A pair of connected channels, close-on-exec, with room for a few of the largest frames. */
int frame_pair(int pair[2], struct err *err);

/* Send a frame; `fd` goes with it when not -1 (and stays the caller's). Blocks while the peer does
 * not read. TACIT_UNAVAILABLE when the peer is gone. */
int frame_send(int channel, enum frame_type type, const void *body, size_t length, int fd,
	struct err *err);

/* As frame_send, but does not wait: TACIT_BUSY when the peer does not read. */
int frame_send_now(int channel, enum frame_type type, const void *body, size_t length, int fd,
	struct err *err);

/* Receive one frame that role `from` may send to role `to`. TACIT_UNAVAILABLE when the peer is gone
 * (end of file), TACIT_INVALID when the frame is refused, as is any but FRAME_GIVE with a
 * descriptor: in both cases close the channel. */
int frame_receive(int channel, enum role from, enum role to, struct frame *frame, struct err *err);

/* Send `length` octets as FRAME_OCTETS frames; receive exactly `length` of them. */
int frame_send_octets(int channel, const void *octets, size_t length, struct err *err);
int frame_receive_octets(
	int channel, enum role from, enum role to, void *octets, size_t length, struct err *err);

#endif
