/* SPDX-License-Identifier: Apache-2.0 */
/* A core without its process: a vault in a scratch directory, a model, what engines have said, and
 * a real server whose devices are socket pairs. The test is the kernel, the engines and the thread
 * that owns the vault: it writes requests with whatever uid and pid it likes and reads the answers.
 * Readers are children in cgroups of the test's own; without root, or where cgroups cannot be made,
 * tests skip. Included once per test program. */
#ifndef TACIT_TEST_FUSE_RIG_H
#define TACIT_TEST_FUSE_RIG_H

#include "../identity/scratch_cgroup.h"
#include "../store/vault_fixture.h"

#include <linux/fuse.h>
#include <pthread.h>
#include <sys/socket.h>

#include "core/fuse/internal.h"
#include "wire/audit_ring.h"

#define RIG_THREADS 4
#define RIG_ENGINE_THREADS 2
#define RIG_SECRET "shop/db_password"
#define RIG_CONSUMER "compose/shop/web"
#define RIG_FILE "db_password"
#define RIG_REPLY_MAX 70000
#define RIG_PATIENCE_NS (3600 * 1000000000ull) /* no test takes that long */

/* Records are loaded when what they speak of is there. */
enum rig_pass { PASS_SECRETS, PASS_BUNDLES, PASS_GRANTS, PASS_USES, PASSES };

struct rig {
	struct fixture store; /* first: the store's fixture set it up */
	struct config config;
	struct identity *identity;
	struct containers *containers; /* none has an engine, unless the set-up says otherwise */
	struct handover *handover;
	int handover_fd, audit_fd;
	struct audit_ring *ring; /* outlives cores, as handover does */
	bool audit_required;     /* of the next core */
	_Atomic unsigned int wakes_of_audit;
	unsigned int threads;
	uint64_t patience_ns;      /* of the next core with an OPEN */
	const struct vault *vault; /* what the server sees: NULL while locked */
	struct model *model;
	struct server *server;
	bool running;       /* the server's threads */
	enum rig_pass pass; /* of loading */
	int kernel[RIG_THREADS], device[RIG_THREADS];
	pid_t web, other, host; /* two containers' processes, one of neither */
	_Atomic bool wakes;     /* a thread of the test goes on waking the doorman */
	_Atomic uint64_t unique;
	struct secret_record secret;
	struct grant_record grant;
	uint64_t consumer, file; /* node numbers */
};

/* A request, as the kernel would say it. */
struct ask {
	uint32_t opcode;
	uint64_t node;
	pid_t pid;
	uint32_t uid, gid;
	const void *body;
	size_t length;
	unsigned int thread;
	uint64_t unique; /* 0: a new one */
};

struct reply {
	int errnum; /* positive */
	uint64_t unique;
	size_t length; /* of body */
	union {
		struct fuse_entry_out entry;
		struct fuse_attr_out attr;
		struct fuse_open_out open;
		struct fuse_write_out write;
		char bytes[RIG_REPLY_MAX];
	} body;
};

/* The bytes of a request into `message`; how many there are. */
static inline size_t rig_request(struct rig *rig, const struct ask *ask, char *message)
{
	struct fuse_in_header header = { .len = (uint32_t)(sizeof header + ask->length),
		.opcode = ask->opcode,
		.unique = ask->unique ? ask->unique : atomic_fetch_add(&rig->unique, 2),
		.nodeid = ask->node,
		.uid = ask->uid,
		.gid = ask->gid,
		.pid = (uint32_t)ask->pid };

	memcpy(message, &header, sizeof header);
	if (ask->length)
		memcpy(message + sizeof header, ask->body, ask->length);
	return header.len;
}

static inline void rig_send(struct rig *rig, const struct ask *ask)
{
	char message[4096];
	size_t length = rig_request(rig, ask, message);

	assert_int_equal(write(rig->kernel[ask->thread], message, length), length);
}

static inline void rig_receive(struct rig *rig, unsigned int thread, struct reply *reply)
{
	struct fuse_out_header header;
	struct iovec parts[2] = { { &header, sizeof header },
		{ &reply->body, sizeof reply->body } };
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	ssize_t got = recvmsg(rig->kernel[thread], &message, 0);

	assert_true(got >= (ssize_t)sizeof header);
	assert_int_equal(header.len, got);
	reply->length = (size_t)got - sizeof header;
	reply->errnum = -header.error;
	reply->unique = header.unique;
}

/* Ask and wait for the answer; its errno is returned. */
static inline int rig_ask(struct rig *rig, const struct ask *ask, struct reply *reply)
{
	rig_send(rig, ask);
	rig_receive(rig, ask->thread, reply);
	return reply->errnum;
}

static inline struct ask rig_by(pid_t pid, uint32_t uid, uint64_t node)
{
	return (struct ask){ .node = node, .pid = pid, .uid = uid, .gid = uid };
}

static inline int rig_lookup(struct rig *rig, struct ask ask, const char *name, struct reply *reply)
{
	ask.opcode = FUSE_LOOKUP;
	ask.body = name;
	ask.length = strlen(name) + 1;
	return rig_ask(rig, &ask, reply);
}

static inline int rig_getattr(struct rig *rig, struct ask ask, struct reply *reply)
{
	struct fuse_getattr_in body = { 0 };

	ask.opcode = FUSE_GETATTR;
	ask.body = &body;
	ask.length = sizeof body;
	return rig_ask(rig, &ask, reply);
}

static inline int rig_access(struct rig *rig, struct ask ask, uint32_t mask, struct reply *reply)
{
	struct fuse_access_in body = { .mask = mask };

	ask.opcode = FUSE_ACCESS;
	ask.body = &body;
	ask.length = sizeof body;
	return rig_ask(rig, &ask, reply);
}

/* OPEN or OPENDIR. */
static inline int rig_open(
	struct rig *rig, struct ask ask, uint32_t opcode, uint32_t flags, struct reply *reply)
{
	struct fuse_open_in body = { .flags = flags };

	ask.opcode = opcode;
	ask.body = &body;
	ask.length = sizeof body;
	return rig_ask(rig, &ask, reply);
}

/* READ as read(2) makes it; with `paging`, as sendfile(2) and mappings do. Or READDIR. */
static inline int rig_read(struct rig *rig, struct ask ask, uint32_t opcode, uint64_t fh,
	uint64_t offset, uint32_t size, bool paging, struct reply *reply)
{
	struct fuse_read_in body = { .fh = fh,
		.offset = offset,
		.size = size,
		.read_flags = paging ? 0 : FUSE_READ_LOCKOWNER };

	ask.opcode = opcode;
	ask.body = &body;
	ask.length = sizeof body;
	return rig_ask(rig, &ask, reply);
}

static inline int rig_release(struct rig *rig, struct ask ask, uint64_t fh, struct reply *reply)
{
	struct fuse_release_in body = { .fh = fh };

	ask.opcode = FUSE_RELEASE;
	ask.body = &body;
	ask.length = sizeof body;
	return rig_ask(rig, &ask, reply);
}

/* The number of a path below the mount, whether it is there or not. */
static inline uint64_t rig_node(const struct rig *rig, const char *path)
{
	char names[512], *rest = names, *name;
	uint64_t id = NODE_ROOT_ID;

	snprintf(names, sizeof names, "%s", path);
	while ((name = strsep(&rest, "/")))
		id = node_child(rig->handover->node_key, id, name);
	return id;
}

/* Another version, in the vault and then in the model: as core/control/secrets/secrets.c does it.
 * Prunes nothing but what falls out of the record. */
static inline void rig_rotate(struct rig *rig, const void *value, size_t length)
{
	struct secret_record *record = &rig->secret;
	struct version_record *version;
	uint8_t *sealed;
	size_t sealed_length;
	struct err err;

	must(vault_begin(rig->store.vault, &err));
	for (uint32_t at = 0; record->version_count == VAULT_VERSIONS_MAX;) {
		if (rig->server && server_version_is_open(
					   rig->server, record->id, record->versions[at].number)) {
			at++;
			continue;
		}
		must(vault_remove_value(rig->store.vault, record->versions[at].value_id, &err));
		memmove(&record->versions[at], &record->versions[at + 1],
			(--record->version_count - at) * sizeof *version);
	}
	version = &record->versions[record->version_count++];
	*version = (struct version_record){ .number = ++record->last_number,
		.created_ns = record->last_number,
		.size = (uint32_t)length };
	record->current = version->number;
	seal_random(version->value_id, sizeof version->value_id);
	must(vault_put_value(
		rig->store.vault, version->value_id, value, length, &sealed, &sealed_length, &err));
	must(vault_put_secret(rig->store.vault, record, &err));
	must(vault_commit(rig->store.vault, &err));
	if (!rig->model) {
		free(sealed);
		return;
	}
	model_write_lock(rig->model);
	must(model_put_secret(rig->model, record, record->current, sealed, sealed_length, &err));
	model_unlock(rig->model);
}

/* Say which version is what, in the vault and in the model, where those are that are named. */
static inline void rig_place(
	struct rig *rig, uint64_t current, uint64_t previous, uint64_t next, uint64_t until_ns)
{
	struct secret_record *record = &rig->secret;
	struct err err;

	record->current = current;
	record->previous = previous;
	record->next = next;
	record->previous_until_ns = until_ns;
	must(vault_begin(rig->store.vault, &err));
	must(vault_put_secret(rig->store.vault, record, &err));
	must(vault_commit(rig->store.vault, &err));
	model_write_lock(rig->model);
	must(model_put_secret(rig->model, record, 0, NULL, 0, &err));
	model_unlock(rig->model);
}

/* Let a grant of one version have it. The caller holds the write lock. */
static inline void rig_pin(struct rig *rig, struct grant *grant)
{
	uint64_t number = grant->record.version;
	uint8_t *sealed;
	size_t length;
	struct err err;

	if (!grant_lives(grant) || !number)
		return;
	for (uint32_t i = 0; i < grant->secret->record.version_count; i++) {
		const struct version_record *version = &grant->secret->record.versions[i];

		if (version->number != number || secret_blob(grant->secret, number))
			continue;
		must(vault_load_value(rig->store.vault, version->value_id, &sealed, &length, &err));
		assert_non_null(secret_add_blob(grant->secret, version, sealed, length));
	}
	assert_true(model_pin(grant));
}

/* A grant, in the vault and in the model. */
static inline void rig_put_grant(struct rig *rig, const struct grant_record *grant)
{
	struct err err;

	put(rig->store.vault, NULL, grant);
	if (!rig->model)
		return;
	model_write_lock(rig->model);
	must(model_put_grant(rig->model, grant, &err));
	rig_pin(rig, model_grant_by_id(rig->model, grant->id));
	if (grant->revoked_ns)
		server_end_handles(rig->server, grant->id);
	model_unlock(rig->model);
}

/* What else is said of a consumer, in the vault and in the model. */
static inline void rig_put_consumer(struct rig *rig, const struct consumer_record *consumer)
{
	struct err err;

	must(vault_begin(rig->store.vault, &err));
	must(vault_put_consumer(rig->store.vault, consumer, &err));
	must(vault_commit(rig->store.vault, &err));
	model_write_lock(rig->model);
	must(model_put_consumer(rig->model, consumer, &err));
	model_unlock(rig->model);
}

/* Bind a consumer to these rules and no others; NULL ends them. */
static inline struct consumer_record rig_bind(
	struct rig *rig, const char *consumer, const char *const *rules)
{
	const struct node *node = model_consumer(rig->model, consumer);
	struct consumer_record record = { .frozen_ns = 0 };

	if (node && node->consumer)
		record = node->consumer->record;
	else
		seal_random(record.id, sizeof record.id);
	snprintf(record.consumer, sizeof record.consumer, "%s", consumer);
	for (record.rule_count = 0; *rules; rules++)
		snprintf(record.rules[record.rule_count++], sizeof record.rules[0], "%s", *rules);
	rig_put_consumer(rig, &record);
	return record;
}

static inline struct grant_record rig_grant(
	const struct rig *rig, const char *consumer, const char *file)
{
	struct grant_record grant = {
		.uid = GRANT_READER, .gid = GRANT_READER, .mode = 0400, .created_ns = 7
	};

	seal_random(grant.id, sizeof grant.id);
	memcpy(grant.secret_id, rig->secret.id, SEAL_ID_BYTES);
	snprintf(grant.consumer, sizeof grant.consumer, "%s", consumer);
	snprintf(grant.file, sizeof grant.file, "%s", file);
	return grant;
}

/* The tombstone of a grant. */
static inline struct grant_record rig_revoked(const struct grant_record *grant)
{
	struct grant_record revoked = *grant;

	memset(revoked.secret_id, 0, sizeof revoked.secret_id);
	revoked.revoked_ns = 8;
	return revoked;
}

static inline int rig_load_secret(void *arg, const struct secret_record *record, struct err *err)
{
	const struct version_record *current = &record->versions[record->version_count - 1];
	struct rig *rig = arg;
	uint8_t *sealed;
	size_t length;

	if (rig->pass != PASS_SECRETS)
		return 0;
	assert_int_equal(
		vault_load_value(rig->store.vault, current->value_id, &sealed, &length, NULL), 0);
	return model_put_secret(rig->model, record, record->current, sealed, length, err);
}

static inline int rig_load_grant(void *arg, const struct grant_record *record, struct err *err)
{
	struct rig *rig = arg;
	int status = 0;

	if (rig->pass != PASS_GRANTS)
		return 0;
	status = model_put_grant(rig->model, record, err);
	if (status == 0)
		rig_pin(rig, model_grant_by_id(rig->model, record->id));
	return status;
}

static inline int rig_load_consumer(
	void *arg, const struct consumer_record *record, struct err *err)
{
	struct rig *rig = arg;

	return rig->pass == PASS_GRANTS ? model_put_consumer(rig->model, record, err) : 0;
}

static inline int rig_load_use(void *arg, const struct use_record *record, struct err *err)
{
	struct rig *rig = arg;

	return rig->pass == PASS_USES ? model_put_use(rig->model, record, err) : 0;
}

static inline int rig_load_container(
	void *arg, const struct container_facts *facts, struct err *err)
{
	struct rig *rig = arg;

	(void)err;
	containers_keep(rig->containers, facts);
	return 0;
}

/* Have a kept version of a member in memory. The caller holds the write lock. */
static inline void rig_add_blob(struct rig *rig, struct secret *secret, uint64_t number)
{
	uint8_t *sealed;
	size_t length;
	struct err err;

	for (uint32_t i = 0; i < secret->record.version_count; i++) {
		const struct version_record *version = &secret->record.versions[i];

		if (version->number != number || secret_blob(secret, number))
			continue;
		must(vault_load_value(rig->store.vault, version->value_id, &sealed, &length, &err));
		assert_non_null(secret_add_blob(secret, version, sealed, length));
	}
}

static inline int rig_load_bundle(void *arg, const struct bundle_record *record, struct err *err)
{
	struct rig *rig = arg;

	if (rig->pass != PASS_BUNDLES)
		return 0;
	for (uint32_t i = 0; i < record->member_count; i++) {
		struct secret *secret = model_secret_by_id(rig->model, record->members[i]);

		for (uint32_t n = 0; secret && n < record->generation_count; n++)
			rig_add_blob(rig, secret, record->generations[n].versions[i]);
	}
	return model_put_bundle(rig->model, record, err);
}

static inline void rig_lock(struct rig *rig)
{
	model_write_lock(rig->model);
	server_end_handles(rig->server, NULL);
	model_clear(rig->model);
	rig->vault = NULL;
	model_unlock(rig->model);
}

static inline void rig_unlock(struct rig *rig)
{
	struct err err;

	const struct vault_visitor visitor = { .on_secret = rig_load_secret,
		.on_grant = rig_load_grant,
		.on_consumer = rig_load_consumer,
		.on_use = rig_load_use,
		.on_container = rig_load_container,
		.on_bundle = rig_load_bundle,
		.arg = rig };

	model_write_lock(rig->model);
	rig->vault = rig->store.vault;
	rig->model->floor =
		(struct clock_floor){ rig->handover->mounted_ns, rig->handover->mounted_boot_ns };
	must(model_open(rig->model, &err));
	for (rig->pass = 0; rig->pass < PASSES; rig->pass++)
		must(vault_each(rig->store.vault, &visitor, &err));
	model_unlock(rig->model);
}

/* The INIT that holder answered; `flags` is what it agreed to. */
static inline void rig_init(struct handover *handover, uint32_t flags)
{
	struct fuse_in_header *in = (void *)handover->init_request;
	struct fuse_init_in *offer = (void *)(in + 1);
	struct fuse_out_header *out = (void *)handover->init_reply;
	struct fuse_init_out *answer = (void *)(out + 1);

	*in = (struct fuse_in_header){
		.len = sizeof *in + sizeof *offer, .opcode = FUSE_INIT, .unique = 2
	};
	*offer = (struct fuse_init_in){ .major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.max_readahead = 131072,
		.flags = UINT32_MAX,
		.flags2 = 0xffff };
	*out = (struct fuse_out_header){ sizeof *out + sizeof *answer, 0, in->unique };
	*answer = (struct fuse_init_out){ .major = FUSE_KERNEL_VERSION,
		.minor = 31,
		.flags = flags,
		.max_write = 1u << 20,
		.time_gran = 1,
		.max_pages = 256 };
	handover->init_request_length = in->len;
	handover->init_reply_length = out->len;
}

#define RIG_FLAGS (FUSE_ATOMIC_O_TRUNC | FUSE_BIG_WRITES | FUSE_MAX_PAGES | FUSE_INIT_EXT)

/* Nobody writes a log here but a test that does it itself. */
static inline void rig_wake(void *rig, bool urgent)
{
	atomic_fetch_add(&((struct rig *)rig)->wakes_of_audit, 1 + urgent);
}

static inline struct server_parts rig_parts(struct rig *rig)
{
	return (struct server_parts){ .model = rig->model,
		.vault = &rig->vault,
		.identity = rig->identity,
		.containers = rig->containers,
		.handover = rig->handover,
		.device = rig->device,
		.operators = (gid_t)-1,
		.patience_ns = rig->patience_ns,
		.audit = { rig->ring, rig->audit_required, rig_wake, rig } };
}

/* The next core: what is before its first answer. The kernel's end of every device is new, too, so
 * that what an earlier core's threads still wait for can be closed. */
static inline void rig_start_core(struct rig *rig)
{
	struct server_parts parts;
	struct err err;

	rig->model = model_new(rig->handover->node_key);
	rig->containers = containers_new(&rig->config, rig->patience_ns);
	assert_non_null(rig->model);
	assert_non_null(rig->containers);
	rig_unlock(rig);
	for (unsigned int i = 0; i < rig->threads; i++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
		rig->kernel[i] = pair[0];
		rig->device[i] = pair[1];
	}
	parts = rig_parts(rig);
	must(server_new(&parts, &rig->server, &err));
	atomic_fetch_add(&rig->handover->core_starts, 1);
}

/* Its answers to what it was left, then its threads. */
static inline void rig_run_core(struct rig *rig)
{
	struct err err;

	server_resume(rig->server, rig->store.vault, false);
	must(server_start(rig->server, &err));
	rig->running = true;
}

/* A core ends with its process. Here its threads do, when their devices are closed. */
static inline void rig_end_core(struct rig *rig)
{
	struct server *server = rig->server;

	for (unsigned int i = 0; i < rig->threads; i++) {
		shutdown(rig->kernel[i], SHUT_RDWR); /* children of a test hold it open, too */
		close(rig->kernel[i]);
		if (rig->running)
			pthread_join(server->worker[i].thread, NULL);
	}
	if (rig->running)
		pthread_join(server->worker[rig->threads].thread, NULL);
	/* Closes the devices; the doorman's is that of the first, and then closed already. */
	for (unsigned int i = 0; i <= rig->threads; i++)
		fuse_session_destroy(server->worker[i].session);
	close(server->gone);
	close(server->park.wake);
	close(server->park.count_wake);
	free(server);
	rig->running = false;
	rig->server = NULL;
	containers_free(rig->containers);
	rig->containers = NULL;
	model_free(rig->model);
	rig->model = NULL;
}

/* Puts `ask` where a core that is dead had it in hand. */
static inline void rig_leave(struct rig *rig, const struct ask *ask, uint32_t strikes)
{
	struct handover_slot *slot = &rig->handover->slots[ask->thread];

	rig_request(rig, ask, slot->request);
	atomic_store(&slot->processing, 1);
	atomic_store(&slot->strikes, strikes);
}

static inline pid_t rig_reader(char digit)
{
	char container[SCRATCH_CGROUP_MAX];

	return scratch_container(scratch_unified(), digit, container) ? scratch_child(container)
								      : 0;
}

static inline int rig_set_up_with(void **state, unsigned int threads, size_t engines)
{
	struct rig *rig = calloc(1, sizeof *rig);
	struct err err;
	void *store;

	assert_non_null(rig);
	assert_int_equal(set_up(&store), 0);
	memcpy(&rig->store, store, sizeof rig->store);
	free(store);
	*state = rig;
	rig->threads = threads;
	rig->patience_ns = RIG_PATIENCE_NS;
	rig->unique = 4;
	rig->web = rig_reader('a');
	rig->other = rig_reader('b');
	rig->host = scratch_child(NULL);
	scratch_config(&rig->config);
	rig->config.engine_count = engines;
	rig->identity = identity_new(&rig->config);
	must(handover_create(threads, &rig->handover_fd, &err));
	must(handover_map(rig->handover_fd, &rig->handover, &err));
	must(audit_ring_create(&rig->audit_fd, &err));
	must(audit_ring_map(rig->audit_fd, &rig->ring, &err));
	rig_init(rig->handover, RIG_FLAGS);
	rig->secret = (struct secret_record){ .created_ns = 5, .name = RIG_SECRET };
	seal_random(rig->secret.id, sizeof rig->secret.id);
	rig_rotate(rig, "first", 5);
	rig->grant = rig_grant(rig, RIG_CONSUMER, RIG_FILE);
	rig_put_grant(rig, &rig->grant);
	rig->consumer = rig_node(rig, RIG_CONSUMER);
	rig->file = rig_node(rig, RIG_CONSUMER "/" RIG_FILE);
	return 0;
}

static inline int rig_set_up_threads(void **state, unsigned int threads)
{
	return rig_set_up_with(state, threads, 0);
}

static inline int rig_set_up(void **state)
{
	rig_set_up_threads(state, 1);
	rig_start_core(*state);
	rig_run_core(*state);
	return 0;
}

/* With one engine, which is up and has said all it knows: nothing. An OPEN may wait that long. */
static inline int rig_set_up_engine_for(void **state, unsigned int threads, uint64_t patience_ns)
{
	struct rig *rig;

	rig_set_up_with(state, threads, 1);
	rig = *state;
	rig->patience_ns = patience_ns;
	rig_start_core(rig);
	containers_engine(rig->containers, 0, CONTAINERS_LISTING);
	containers_engine(rig->containers, 0, CONTAINERS_SYNCED);
	rig_run_core(rig);
	return 0;
}

static inline int rig_set_up_engine(void **state)
{
	return rig_set_up_engine_for(state, RIG_ENGINE_THREADS, RIG_PATIENCE_NS);
}

static inline int rig_tear_down(void **state)
{
	struct rig *rig = *state;
	pid_t children[] = { rig->web, rig->other, rig->host };

	if (rig->server)
		rig_end_core(rig);
	for (size_t i = 0; i < 3; i++)
		if (children[i] > 0)
			scratch_end(children[i]);
	scratch_containers_remove(scratch_unified());
	identity_free(rig->identity);
	handover_unmap(rig->handover);
	close(rig->handover_fd);
	audit_ring_unmap(rig->ring);
	close(rig->audit_fd);
	vault_close(rig->store.vault);
	scratch_remove(rig->store.dir);
	free(rig);
	return 0;
}

/* The first line of a test that needs readers in containers. */
#define rig_of(state)                                                                              \
	*(state);                                                                                  \
	if (((struct rig *)*(state))->web <= 0)                                                    \
	skip()

#endif
