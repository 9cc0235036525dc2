/* SPDX-License-Identifier: Apache-2.0 */
/* Holder's loop without a mount, in a process of its own, with stand-ins for all roles (stand_in.h)
 * that are this very program. What they say is counted, and what they are told to do is sent to
 * them. Holder's time is granted_time.h's. Included once per test program, whose main begins with
 * rig_begin(argv). */
#ifndef TACIT_TEST_HOLDER_RIG_H
#define TACIT_TEST_HOLDER_RIG_H

#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "stand_in.h"

#include <cmocka.h>

#include "holder/watch.h"
#include "tests/unit/granted_time.h"

#define RIG_PATIENCE_MS 60000
#define RIG_THREADS 2

/* The engines of its configuration: one that listens, none there, a file that is no socket. */
enum { RIG_LISTENS, RIG_ABSENT, RIG_FILE, RIG_ENGINES };

struct rig {
	char root[96];
	pid_t holder;
	int handover_fd;
	struct handover *handover;
	int engine; /* listening, root's alone, with a queue of 2 */
};

static char rig_program[256];

static inline void rig_begin(char **argv)
{
	if (!strncmp(argv[0], "tacit-", strlen("tacit-")))
		stand_in_main(argv);
	if (readlink("/proc/self/exe", rig_program, sizeof rig_program - 1) < 0)
		_exit(1);
}

__attribute__((format(printf, 3, 4))) static inline void rig_path(
	const struct rig *rig, char path[256], const char *format, ...)
{
	int length = snprintf(path, 256, "%s/", rig->root);
	va_list list;

	va_start(list, format);
	vsnprintf(path + length, 256 - (size_t)length, format, list);
	va_end(list);
}

/* How many lines of a role's are `line`, or begin with it; the number after the last in *value. */
static inline unsigned int rig_count(
	const struct rig *rig, enum role role, const char *line, long *value)
{
	char path[256], text[256];
	unsigned int found = 0;
	FILE *log;

	rig_path(rig, path, "log/%s", role_name(role));
	log = fopen(path, "re");
	while (log && fgets(text, sizeof text, log)) {
		const char *after = text + strlen(line);

		text[strcspn(text, "\n")] = '\0';
		if (strncmp(text, line, strlen(line)) || (*after && *after != ' '))
			continue;
		found++;
		if (value)
			*value = strtol(after, NULL, 10);
	}
	if (log)
		fclose(log);
	return found;
}

static inline void rig_show(const struct rig *rig)
{
	char command[512];

	snprintf(command, sizeof command, "cd %s && tail -n 40 holder.log log/* >&2", rig->root);
	if (system(command))
		print_error("not all logs are there\n");
}

static inline void rig_pass(int ms)
{
	for (; ms > 0; ms -= GRANTED_STEP_MS) {
		granted_time_grant();
		usleep(GRANTED_STEP_MS * 1000);
	}
}

/* Until `role` has said `line` that many times. */
static inline void rig_wait(
	const struct rig *rig, enum role role, const char *line, unsigned int times)
{
	for (int ms = 0; rig_count(rig, role, line, NULL) < times; ms += GRANTED_STEP_MS) {
		if (ms >= RIG_PATIENCE_MS) {
			rig_show(rig);
			fail_msg("%s did not say '%s' %u times", role_name(role), line, times);
		}
		rig_pass(GRANTED_STEP_MS);
	}
}

static inline void rig_said(
	const struct rig *rig, enum role role, const char *line, unsigned int times)
{
	unsigned int said = rig_count(rig, role, line, NULL);

	if (said != times) {
		rig_show(rig);
		fail_msg("%s said '%s' %u times, not %u", role_name(role), line, said, times);
	}
}

static inline pid_t rig_pid(const struct rig *rig, enum role role)
{
	long pid = 0;

	assert_true(rig_count(rig, role, "start", &pid) > 0);
	return (pid_t)pid;
}

__attribute__((format(printf, 3, 4))) static inline void rig_order(
	const struct rig *rig, enum role role, const char *format, ...)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int channel = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char command[STAND_IN_TEXT];
	va_list list;

	va_start(list, format);
	vsnprintf(command, sizeof command, format, list);
	va_end(list);
	snprintf(address.sun_path, sizeof address.sun_path, "%.90s/log/%s.sock", rig->root,
		role_name(role));
	assert_int_equal(sendto(channel, command, strlen(command), 0, (struct sockaddr *)&address,
				 sizeof address),
		strlen(command));
	close(channel);
}

static inline struct sockaddr_un rig_engine_address(const struct rig *rig)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof address.sun_path, "%.90s/engine.sock", rig->root);
	return address;
}

/* What main() of tacitd does, but for the mount. Never returns. */
static inline void rig_hold(const struct rig *rig, size_t engines)
{
	static struct holder holder = { .lock = -1, .corpse = -1, .announced = true };
	struct table *table = &holder.table;
	char path[256];
	int log;

	granted_time_enter();
	/* What nobody shall inherit: groups, a descriptor, what is done about a signal. */
	setgroups(2, (const gid_t[]){ 1, 2 });
	fcntl(open("/dev/zero", O_RDONLY), F_DUPFD, 50);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody behind */
	rig_path(rig, path, "holder.log");
	log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(log, STDERR_FILENO);
	snprintf(holder.root, sizeof holder.root, "%s", rig->root);
	rig_path(rig, holder.libexec, "libexec");
	config_defaults(&holder.config);
	holder.config.engine_count = engines;
	snprintf(holder.config.engines[RIG_LISTENS], 108, "%s/engine.sock", rig->root);
	snprintf(holder.config.engines[RIG_ABSENT], 108, "%s/absent.sock", rig->root);
	snprintf(holder.config.engines[RIG_FILE], 108, "%s/holder.log", rig->root);
	/* What is behind the last one is not configured, whatever it is. */
	snprintf(holder.config.engines[RIG_ENGINES], 108, "%s/engine.sock", rig->root);
	for (enum role role = ROLE_CORE; role < ROLES; role++)
		holder.child[role] = (struct child){ .role = role, .channel = -1 };
	table_empty(table);
	holder.handover = rig->handover;
	table->handover = rig->handover_fd;
	for (int i = 0; i < RIG_THREADS; i++)
		table->device[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
	table->keys = memfd_create("keys", MFD_CLOEXEC);
	table->mount = open(rig->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	table->adopt = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	table->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (setup_users(&holder, NULL) || watch_run(&holder, NULL))
		_exit(1);
	run_stop(&holder);
	_exit(!holder.stopping);
}

static inline void rig_launch(struct rig *rig, size_t engines)
{
	fflush(NULL);
	rig->holder = fork();
	assert_true(rig->holder >= 0);
	if (!rig->holder)
		rig_hold(rig, engines);
}

static inline struct rig *rig_start(size_t engines)
{
	static struct rig rig;
	/* In memory, where there is such a place: a role that waits for a disk answers no ping. */
	const char *base = getenv("TMPDIR"), *memory = "/dev/shm";
	struct sockaddr_un address;
	char path[256];

	snprintf(rig.root, sizeof rig.root, "%s/tacit-test-XXXXXX",
		base                   ? base
		: access(memory, W_OK) ? P_tmpdir
				       : memory);
	assert_non_null(mkdtemp(rig.root));
	assert_int_equal(chmod(rig.root, 0755), 0);
	rig_path(&rig, path, "libexec");
	assert_int_equal(mkdir(path, 0755), 0);
	for (enum role role = ROLE_CORE; role < ROLES; role++) {
		rig_path(&rig, path, "libexec/tacit-%s", role_name(role));
		assert_int_equal(symlink(rig_program, path), 0);
	}
	rig_path(&rig, path, "log");
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chmod(path, 01777), 0);
	address = rig_engine_address(&rig);
	rig.engine = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(rig.engine, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(chmod(address.sun_path, 0600), 0);
	assert_int_equal(listen(rig.engine, 1), 0);
	assert_int_equal(handover_create(RIG_THREADS, &rig.handover_fd, NULL), 0);
	assert_int_equal(handover_map(rig.handover_fd, &rig.handover, NULL), 0);
	rig_path(&rig, path, "run");
	assert_int_equal(mkdir(path, 0755), 0);
	rig_path(&rig, path, "run/tacitd");
	assert_int_equal(mkdir(path, 0755), 0);
	granted_time_begin();
	rig_launch(&rig, engines);
	return &rig;
}

/* Holder ends when core says that it may; it is asked until there is a core that does. */
static inline int rig_stop(struct rig *rig)
{
	char command[160];
	int status = 0;

	for (int ms = 0; !waitpid(rig->holder, &status, WNOHANG); ms += 20) {
		kill(rig->holder, ms >= RIG_PATIENCE_MS ? SIGKILL : SIGTERM);
		rig_pass(20);
	}
	if (status)
		rig_show(rig);
	handover_unmap(rig->handover);
	close(rig->handover_fd);
	close(rig->engine);
	snprintf(command, sizeof command, "rm -rf --one-file-system %s", rig->root);
	return system(command) || status;
}

#endif
