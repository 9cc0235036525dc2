/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "holder/holder.h"
#include "holder/watch.h"

#define END_WAIT_NS 1000000000ull

static const char usage[] =
	"usage: tacitd [--root DIR] [--libexec DIR] [-t]\n"
	"\n"
	"The tacit agent: shows each container its own secrets as files below /run/tacit.\n"
	"\n"
	"  --root DIR     a scratch instance: etc, var and run are below DIR\n"
	"  --libexec DIR  where tacit-core and the other processes' programs are\n"
	"                 (" LIBEXECDIR ")\n"
	"  -t             check the configuration, the users and the programs, then exit\n"
	"  --takes-over N with -t: fail unless this version can take over handover layout N\n"
	"  --version, --help\n"
	"\n"
	"SIGTERM stops it (refused while containers hold the mount), SIGHUP executes the files\n"
	"on disk anew without a reader noticing. See tacitd(8).\n";

static int parse_arguments(struct holder *holder, int argc, char **argv, bool *check)
{
	static const struct option options[] = {
		{ "root", required_argument, NULL, 'r' },
		{ "libexec", required_argument, NULL, 'l' },
		{ "takes-over", required_argument, NULL, 'o' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct err err;

	for (int option; (option = getopt_long(argc, argv, "t", options, NULL)) != -1;) {
		switch (option) {
		case 'r':
			if (path_check_root(optarg, holder->root, &err) < 0) {
				fprintf(stderr, "tacitd: %s: %s\n", optarg, err.text);
				return TACIT_EXIT_USAGE;
			}
			break;
		case 'l':
			snprintf(holder->libexec, sizeof holder->libexec, "%s", optarg);
			break;
		case 't':
			*check = true;
			break;
		case 'o':
			if (strcmp(optarg, HANDOVER_LAYOUT_TEXT)) {
				fputs("tacitd: cannot take over the running agent's memory: stop "
				      "it and start this version\n",
					stderr);
				return TACIT_EXIT_FAILED;
			}
			break;
		case 'V':
			puts("tacitd " TACIT_VERSION);
			exit(0);
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			return TACIT_EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "tacitd: takes no argument '%s'; see tacitd --help\n",
			argv[optind]);
		return TACIT_EXIT_USAGE;
	}
	return 0;
}

static int check_programs(const struct holder *holder, struct err *err)
{
	for (enum role role = ROLE_CORE; role < ROLES; role++) {
		int program = child_program(holder, role, err);

		if (program < 0)
			return program;
		close(program);
	}
	return 0;
}

static int harden(struct err *err)
{
	static const struct rlimit none = { 0, 0 };
	static const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	umask(022);
	if (geteuid())
		return err_set(
			err, TACIT_DENIED, "must be started by root: it mounts a file system");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) || setrlimit(RLIMIT_CORE, &none))
		return err_set(err, TACIT_INTERNAL, "cannot forbid core files");
	setrlimit(RLIMIT_MEMLOCK, &all); /* core checks what it got */
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

/* The mount that another holder left to us: true when it is there and ours to serve. */
static bool inherit_mount(struct holder *holder)
{
	struct table *table = &holder->table;
	struct err err;

	if (!table_receive(table) && !adopt_orphan(holder))
		return false;
	/* A core that another holder started ends here; ours goes on with what it had in hand. */
	child_kill_core(holder, take_fd(&table->core));
	if (handover_map(table->handover, &holder->handover, &err) < 0)
		log_error("%s", err.text);
	else if (mount_lives(holder))
		return true;
	log_error(
		"the mount that was left cannot be served: making another; containers that hold it "
		"must be restarted: tacit repair");
	handover_unmap(holder->handover);
	holder->handover = NULL;
	return false;
}

static int take_mount(struct holder *holder, struct err *err)
{
	int status;

	if (inherit_mount(holder))
		return 0;
	table_close(&holder->table);
	status = setup_sockets(holder, err);
	return status < 0 ? status : mount_make(holder, err);
}

static void kill_child(const struct holder *holder, enum role role)
{
	if (holder->child[role].pid)
		kill(holder->child[role].pid, SIGKILL);
}

static void end(struct holder *holder)
{
	static const char *const leftovers[] = { HOLDER_ADOPT_SOCKET, TACIT_API_SOCKET,
		TACIT_PUBLIC_KEY_PATH, HOLDER_PID_FILE };
	uint64_t deadline = clock_monotonic_ns() + END_WAIT_NS;
	char path[PATH_FULL_MAX];

	run_stop(holder);
	mount_end(holder);
	table_notify_stopping();
	/* api ends by itself when it is alone, and has then answered whoever asked us to stop. */
	for (enum role role = ROLE_CORE; role < ROLES; role++)
		if (role != ROLE_API)
			kill_child(holder, role);
	close(holder->child[ROLE_API].channel);
	while (waitpid(-1, NULL, WNOHANG) >= 0 && clock_monotonic_ns() < deadline)
		usleep(2000);
	kill_child(holder, ROLE_API);
	for (size_t i = 0; i < sizeof leftovers / sizeof leftovers[0]; i++) {
		path_below(holder->root, leftovers[i], path);
		unlink(path);
	}
	log_info("stopped");
}

static int fail(const struct err *err)
{
	log_error("%s", err->text);
	return code_exit(err->code);
}

int main(int argc, char **argv)
{
	static struct holder holder = { .libexec = LIBEXECDIR, .lock = -1, .corpse = -1 };
	static char self[PATH_FULL_MAX];
	bool check = false;
	struct err err;
	int status;

	log_open("tacitd", LOG_LEVEL_INFO);
	status = parse_arguments(&holder, argc, argv, &check);
	if (status)
		return status;
	if (readlink("/proc/self/exe", self, sizeof self - 1) > 0)
		argv[0] = self;
	holder.argv = argv;
	holder.credentials = getenv("CREDENTIALS_DIRECTORY");
	table_empty(&holder.table);
	for (enum role role = ROLE_CORE; role < ROLES; role++)
		holder.child[role] = (struct child){ .role = role, .channel = -1 };
	if (config_read(&holder.config, holder.root, &err) < 0 ||
		check_programs(&holder, &err) < 0 || setup_users(&holder, &err) < 0)
		return fail(&err);
	if (check) {
		puts("configuration, users and programs are good");
		return 0;
	}
	log_open("tacitd", holder.config.log_level);
	if (harden(&err) < 0 || setup_places(&holder, &err) < 0)
		return fail(&err);
	if (take_mount(&holder, &err) < 0) {
		if (holder.handover && err.code != TACIT_BUSY)
			mount_end(&holder);
		return fail(&err);
	}
	if (watch_run(&holder, &err) < 0)
		return fail(&err);
	end(&holder);
	return 0;
}
