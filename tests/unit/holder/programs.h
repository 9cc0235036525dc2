/* SPDX-License-Identifier: Apache-2.0 */
/* Programs of an agent below the rig's root: how they are put there, run and counted. Included once
 * per test program. */
#ifndef TACIT_TEST_HOLDER_PROGRAMS_H
#define TACIT_TEST_HOLDER_PROGRAMS_H

#include "rig.h"

#include <dirent.h>

#define LONG 600000 /* ms: far longer than a test */
#define HOOKS "etc/tacit/hooks.d"
#define ROTATORS "etc/tacit/rotators.d"
#define KEYS "etc/tacit/keys.d"

static struct user user[RUN_LANES]; /* of the agent below the rig's root */

static inline void put(const struct rig *rig, const char *name, const char *text, mode_t mode)
{
	char path[256];
	int fd;

	rig_path(rig, path, "%s", name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

/* This very program, as one of the agent's. */
static inline void put_self(const struct rig *rig, const char *name)
{
	char command[700];

	snprintf(command, sizeof command, "install -m 0755 %s %s/%s", rig_program, rig->root, name);
	assert_int_equal(system(command), 0);
}

static inline void make_directories(const struct rig *rig)
{
	static const char *const all[] = { "etc", "etc/tacit", HOOKS, ROTATORS, KEYS };
	char path[256];

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		rig_path(rig, path, "%s", all[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
}

static inline int set_up(void **state)
{
	struct rig *rig = geteuid() ? NULL : rig_start(0);
	struct holder known = { .lock = -1 };

	*state = rig;
	if (!rig)
		return 0;
	make_directories(rig);
	rig_wait(rig, ROLE_CORE, "go", 1);
	config_defaults(&known.config);
	known.config.engine_count = 0;
	snprintf(known.root, sizeof known.root, "%s", rig->root);
	assert_int_equal(setup_users(&known, NULL), 0);
	for (enum run_lane lane = 0; lane < RUN_LANES; lane++)
		user[lane] = known.lane[lane].user;
	return 0;
}

static inline int tear_down(void **state)
{
	return *state ? rig_stop(*state) : 0;
}

static inline struct rig *rig_of(void **state)
{
	if (!*state)
		skip();
	return *state;
}

/* Living processes of a lane's user; those that are dead and not yet reaped do not count. */
static inline unsigned int processes_of(enum run_lane lane)
{
	DIR *processes = opendir("/proc");
	unsigned int count = 0;

	assert_non_null(processes);
	for (struct dirent *entry; (entry = readdir(processes));) {
		char path[300], line[256], life = ' ';
		unsigned int uid = 0;
		FILE *status;

		snprintf(path, sizeof path, "/proc/%s/status", entry->d_name);
		status = entry->d_name[0] > '0' && entry->d_name[0] <= '9' ? fopen(path, "re")
									   : NULL;
		while (status && fgets(line, sizeof line, status)) {
			sscanf(line, "State: %c", &life);
			sscanf(line, "Uid: %u", &uid);
		}
		if (status)
			fclose(status);
		count += uid == user[lane].uid && life != 'Z' && life != 'X';
	}
	closedir(processes);
	return count;
}

/* Until a file below the rig is there. */
static inline void wait_for(const struct rig *rig, const char *name)
{
	char path[256];

	rig_path(rig, path, "%s", name);
	for (int ms = 0; access(path, F_OK); ms += GRANTED_STEP_MS) {
		if (ms >= RIG_PATIENCE_MS) {
			rig_show(rig);
			fail_msg("no %s", name);
		}
		rig_pass(GRANTED_STEP_MS);
	}
}

static inline void run(
	const struct rig *rig, unsigned int number, enum run_lane lane, const char *program)
{
	rig_order(rig, ROLE_CORE, "run %u %u %u %s", number, lane, LONG, program);
}

static inline void is_told(const struct rig *rig, unsigned int number, enum run_lane lane,
	enum run_end end, int status)
{
	char line[64];

	snprintf(line, sizeof line, "ran %u %u %u %d", number, lane, end, status);
	rig_wait(rig, ROLE_CORE, line, 1);
}

#define with_rig(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
