/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <stdio.h>
#include <string.h>

#include "cli/run.h"
#include "cli/suggest.h"

#define BIT(option) OPTION_BIT(OPTION_##option)
#define PRINTS (BIT(JSON) | BIT(QUIET))
#define AWAITS (BIT(AWAIT) | BIT(TIMEOUT))
#define VALUE (BIT(GENERATE) | BIT(ALPHABET) | BIT(KEEP_NEWLINE))
#define ITSELF (BIT(EVERY) | BIT(ROTATOR))
#define VALUES "NAME [[MEMBER=]FILE|-]..."
#define OPENS (BIT(KEY_FILE) | BIT(PASSPHRASE) | BIT(RECOVERY))
#define NEW_SLOT (OPENS | BIT(NEW_KEY_FILE) | BIT(CREDENTIAL) | BIT(COMMAND) | BIT(LABEL))

const struct option_row option_table[OPTIONS] = {
	[OPTION_ROOT] = { "root", 0, "DIR", "the instance below DIR (or TACIT_ROOT)" },
	[OPTION_JSON] = { "json", 0, NULL, "print JSON" },
	[OPTION_QUIET] = { "quiet", 'q', NULL, "print names only" },
	[OPTION_HELP] = { "help", 'h', NULL, "explain the command" },
	[OPTION_ABOUT] = { "version", 0, NULL, "print the version" },
	[OPTION_GENERATE] = { "generate", 0, "N", "a new value: N random characters" },
	[OPTION_ALPHABET] = { "alphabet", 0, "NAME",
		"of --generate: alphanumeric, password, hex or base64" },
	[OPTION_KEEP_NEWLINE] = { "keep-newline", 0, NULL, "keep the newline at the value's end" },
	[OPTION_TEMPLATE] = { "template", 0, "FILE|-",
		"made of other secrets: {{ NAME | url }}, json, shell, base64" },
	[OPTION_VERSION] = { "version", 0, "N", "this version, not the current one" },
	[OPTION_FORCE] = { "force", 0, NULL, "although it is in use" },
	[OPTION_IF_ABSENT] = { "if-absent", 0, NULL, "leave a secret that exists as it is" },
	[OPTION_OVERLAP] = { "overlap", 0, "TIME", "how long the previous version is read: 24h" },
	[OPTION_TO] = { "to", 0, "N", "this version; else the previous one" },
	[OPTION_AWAIT] = { "wait", 0, NULL, "until every running container has read it" },
	[OPTION_DONE] = { "wait", 0, NULL, "until the rotation is done" },
	[OPTION_TIMEOUT] = { "timeout", 0, "TIME", "for how long --wait waits; else 60s" },
	[OPTION_EVERY] = { "every", 0, "TIME", "the agent makes a new value that often: 30d" },
	[OPTION_ROTATOR] = { "rotator", 0, "NAME",
		"the program of rotators.d that changes it elsewhere, too" },
	[OPTION_NOW] = { "now", 0, NULL, "rotate it now, not when it is due" },
	[OPTION_OFF] = { "off", 0, NULL, "the agent rotates it no more" },
	[OPTION_BUNDLES] = { "bundles", 0, NULL, "list the bundles" },
	[OPTION_AS] = { "as", 0, "FILE", "the file's name; else the secret's last segment" },
	[OPTION_UID] = { "uid", 0, "N", "the file's owner in the container; else who reads" },
	[OPTION_GID] = { "gid", 0, "N", "the file's group in the container; else who reads" },
	[OPTION_MODE] = { "mode", 0, "OCTAL", "the file's permissions; else 0400" },
	[OPTION_EXPIRES] = { "expires", 0, "WHEN",
		"ends after 2h, 7d, 1d12h, or at a time in UTC" },
	[OPTION_READS] = { "reads", 0, "N", "each container may open the file N times" },
	[OPTION_NEWLINE] = { "newline", 0, NULL, "a newline follows the value" },
	[OPTION_MAIN_PROCESS] = { "main-process", 0, NULL, "only for process 1 of the container" },
	[OPTION_WITH_PREVIOUS] = { "with-previous", 0, NULL,
		"the version before is FILE.previous, while it lives" },
	[OPTION_ON_ROTATE] = { "on-rotate", 0, "HOOK",
		"after a rotation: signal:HUP, restart, or exec:NAME of hooks.d" },
	[OPTION_PID] = { "pid", 0, "N", "as this process of the host would read" },
	[OPTION_CONTAINER] = { "container", 0, "NAME|ID", "as this container would read" },
	[OPTION_SECRET] = { "secret", 0, "NAME", "only this secret" },
	[OPTION_CONSUMER] = { "consumer", 0, "NAME", "only this consumer" },
	[OPTION_WAIT] = { "wait", 0, "SECONDS", "wait until the agent serves" },
	[OPTION_ENGINES] = { "engines", 0, NULL, "ask docker and podman for stopped containers" },
	[OPTION_KEY_FILE] = { "key-file", 0, "FILE|-", "the key of this key file" },
	[OPTION_DRY_RUN] = { "dry-run", 0, NULL, "list what would be done" },
	[OPTION_PRUNE] = { "prune", 0, NULL, "take away what the file does not say" },
	[OPTION_LINES] = { "lines", 'n', "N", "the last N records; else 20" },
	[OPTION_FOLLOW] = { "follow", 'f', NULL, "and what comes, until it is interrupted" },
	[OPTION_FROM] = { "from", 0, "N", "begin with record N; else with the first" },
	[OPTION_NEW_KEY_FILE] = { "new-key-file", 0, "FILE", "a new key, in a file that is made" },
	[OPTION_PASSPHRASE] = { "passphrase", 0, NULL,
		"a passphrase: asked for, or from standard input by '-'" },
	[OPTION_CREDENTIAL] = { "credential", 0, NULL, "the credential systemd gives the agent" },
	[OPTION_COMMAND] = { "command", 0, "NAME", "a key that this program of keys.d unwraps" },
	[OPTION_RECOVERY] = { "recovery", 0, NULL, "a recovery key; a new one is printed once" },
	[OPTION_LABEL] = { "label", 0, "TEXT", "what people call the slot" },
	[OPTION_NO_RECOVERY] = { "no-recovery", 0, NULL, "make no recovery key" },
	[OPTION_DROP] = { "drop", 0, NULL, "remove what is damaged, for good" },
	[OPTION_ADOPT] = { "adopt", 0, NULL,
		"take what opens as it is, older or added as it may be" },
	[OPTION_ROLLBACK] = { "rollback", 0, NULL,
		"take a store that is not what its anchor says" },
	[OPTION_APPLY] = { "apply", 0, NULL, "do it: secrets, grants, then the files" },
	[OPTION_PROVE] = { "prove", 0, NULL,
		"start the project, and show what its containers got" },
	[OPTION_SERVICE] = { "service", 0, "NAME,...", "only these services" },
	[OPTION_VAR] = { "var", 0, "NAME,...", "these variables are secrets, too" },
	[OPTION_EXCEPT] = { "except", 0, "NAME,...", "these variables are none" },
	[OPTION_PROJECT] = { "project", 0, "NAME", "the compose project's name, as -p gives it" },
	[OPTION_UNDO] = { "undo", 0, NULL, "put back the files of the last import" },
	[OPTION_DESTROY_BACKUP] = { "destroy-backup", 0, NULL,
		"overwrite and remove the files as they were, for good" },
	[OPTION_ALL] = { "all", 0, NULL, "every secret, however many there are" },
	[OPTION_GIT] = { "git", 0, NULL, "look through the history of git, too" },
	[OPTION_CONTAINERS] = { "containers", 0, NULL,
		"look into the environment of running containers" },
	[OPTION_IGNORED] = { "ignored", 0, NULL, "look into what .gitignore names, too" },
	[OPTION_BASELINE] = { "baseline", 0, "FILE", "say nothing of the findings in FILE" },
	[OPTION_ACCEPT] = { "accept", 0, NULL, "write all findings into the baseline" },
	[OPTION_SARIF] = { "sarif", 0, NULL, "print SARIF 2.1.0" },
};

const struct command command_table[] = {
	{ "secret", "create", NULL, VALUES, VALUE | ITSELF | BIT(TEMPLATE) | BIT(IF_ABSENT) | PRINTS,
		secret_create,
		"store a new secret, or those of a bundle NAME/" },
	{ "secret", "ls", "list", "[NAME/]", BIT(BUNDLES) | PRINTS, secret_ls,
		"list the secrets, without values" },
	{ "secret", "inspect", NULL, "NAME...", PRINTS, secret_inspect,
		"show secrets and who receives them, as JSON" },
	{ "secret", "rotate", NULL, VALUES, VALUE | ITSELF | BIT(TEMPLATE) | BIT(OVERLAP) | AWAITS | PRINTS,
		secret_rotate, "give a new value, or a bundle's; every later open reads it" },
	{ "secret", "schedule", NULL, "NAME",
		BIT(GENERATE) | BIT(ALPHABET) | ITSELF | BIT(OVERLAP) | BIT(NOW) | BIT(OFF) |
			BIT(DONE) | BIT(TIMEOUT) | PRINTS,
		secret_schedule, "let the agent rotate it by itself" },
	{ "secret", "stage", NULL, "NAME [FILE|-]", VALUE | PRINTS, secret_stage,
		"store the next value, which nobody reads yet" },
	{ "secret", "promote", NULL, "NAME", BIT(OVERLAP) | AWAITS | PRINTS, secret_promote,
		"make the staged value the current one" },
	{ "secret", "retire", NULL, "NAME", PRINTS, secret_retire,
		"end the previous value; open files of it, too" },
	{ "secret", "rollback", NULL, "NAME", BIT(TO) | PRINTS, secret_rollback,
		"make an earlier value the current one again" },
	{ "secret", "history", NULL, "NAME", PRINTS, secret_history, "list the versions kept" },
	{ "secret", "reveal", NULL, "NAME", BIT(VERSION), secret_reveal,
		"print a value; this is recorded" },
	{ "secret", "rm", "remove", "NAME...", BIT(FORCE) | PRINTS, secret_rm,
		"remove secrets with all their versions, and bundles" },
	{ "grant", "add", NULL, "SECRET CONSUMER",
		BIT(AS) | BIT(UID) | BIT(GID) | BIT(MODE) | BIT(EXPIRES) | BIT(READS) |
			BIT(VERSION) | BIT(NEWLINE) | BIT(MAIN_PROCESS) | BIT(WITH_PREVIOUS) |
			BIT(ON_ROTATE) | BIT(TEMPLATE) | BIT(KEEP_NEWLINE) | PRINTS,
		grant_add, "let a consumer read a secret" },
	{ "grant", "ls", "list", "", BIT(SECRET) | BIT(CONSUMER) | PRINTS, grant_ls,
		"list who may read what" },
	{ "grant", "rm", "remove", "SECRET CONSUMER", BIT(AS) | PRINTS, grant_rm,
		"take a grant back; running containers lose it at once" },
	{ "grant", "check", NULL, "SECRET CONSUMER", BIT(AS) | BIT(PID) | BIT(CONTAINER) | PRINTS,
		grant_check, "say whether it may be read, and which rule decides" },
	{ "consumer", "ls", "list", "", PRINTS, consumer_ls, "list who receives secrets" },
	{ "consumer", "inspect", NULL, "CONSUMER...", PRINTS, consumer_inspect,
		"show consumers, their rules and containers, as JSON" },
	{ "consumer", "bind", NULL, "CONSUMER RULE...", PRINTS, consumer_bind,
		"add rules, all of which must hold of a container" },
	{ "consumer", "unbind", NULL, "CONSUMER [RULE...]", PRINTS, consumer_unbind,
		"take rules away; without a RULE all of them" },
	{ "consumer", "freeze", NULL, "CONSUMER", PRINTS, consumer_freeze,
		"end its reads at once, open files too" },
	{ "consumer", "thaw", NULL, "CONSUMER", PRINTS, consumer_thaw, "let it read again" },
	{ "consumer", "rm", "remove", "CONSUMER...", BIT(FORCE) | PRINTS, consumer_rm,
		"remove consumers with their rules" },
	{ "key", "ls", "list", "", PRINTS, key_ls, "list what opens the store" },
	{ "key", "add", NULL, "[-]", NEW_SLOT | PRINTS, key_add,
		"let something more open the store" },
	{ "key", "rm", "remove", "SLOT", PRINTS, key_rm, "let a slot open the store no more" },
	{ "key", "rotate", NULL, "", PRINTS, key_rotate,
		"put a new root key into every slot; what opens them stays" },
	{ "store", "create", NULL, "[-]", NEW_SLOT | BIT(NO_RECOVERY) | PRINTS, store_create,
		"make the store, and print its recovery key once" },
	{ "store", "backup", NULL, "FILE|-", PRINTS, store_backup,
		"copy the store, sealed as it is, while it serves" },
	{ "store", "verify", NULL, "", PRINTS, store_verify,
		"read all of it, and say what is wrong" },
	{ "store", "restore", NULL, "FILE|- [-]", OPENS | BIT(FORCE) | PRINTS, store_restore,
		"go on with a backup as the store" },
	{ "store", "accept", NULL, "", BIT(DROP) | BIT(ADOPT) | BIT(ROLLBACK) | BIT(FORCE) | PRINTS,
		store_accept, "go on with a store that is damaged or older" },
	{ "env", "import", NULL, "[FILE...]",
		BIT(APPLY) | BIT(PROVE) | BIT(SERVICE) | BIT(VAR) | BIT(EXCEPT) | BIT(PROJECT) |
			BIT(UNDO) | BIT(DESTROY_BACKUP) | PRINTS,
		env_import, "move the secrets of a compose project's files into the agent" },
	{ NULL, "export", NULL, "", BIT(JSON), access_export,
		"print who may read what, as a file; names, never values" },
	{ NULL, "apply", NULL, "FILE|-", BIT(DRY_RUN) | BIT(PRUNE) | PRINTS, access_apply,
		"make grants, rules and freezes as a file says, all or none" },
	{ "audit", "tail", NULL, "", BIT(LINES) | BIT(FOLLOW) | BIT(JSON), audit_tail,
		"show who read what, who did not, who changed what" },
	{ "audit", "verify", NULL, "", PRINTS, audit_verify,
		"read all of the log, and say whether all of it is there" },
	{ "audit", "export", NULL, "", BIT(FROM) | BIT(JSON), audit_export,
		"print all of the log, a line of JSON for each record" },
	{ "audit", "hash", NULL, "SECRET|-", BIT(VERSION) | BIT(JSON), audit_hash,
		"print a keyed hash of a secret's value, or of one that was found" },
	{ "env", "scan", NULL, "[PATH...]",
		BIT(GIT) | BIT(CONTAINERS) | BIT(IGNORED) | BIT(BASELINE) | BIT(ACCEPT) |
			BIT(SARIF) | PRINTS,
		env_scan, "find secrets in plaintext, in files, history and containers" },
	{ NULL, "run", NULL, "CONSUMER -- COMMAND...", 0, run_command,
		"run a command of the host as a consumer, with its /run/secrets" },
	{ NULL, "status", NULL, "", BIT(WAIT) | BIT(ENGINES) | BIT(ALL) | PRINTS, status_show,
		"how the agent and its secrets are" },
	{ NULL, "lock", NULL, "", PRINTS, lock_lock,
		"forget the key: nothing is read until 'unlock'" },
	{ NULL, "unlock", NULL, "[-]", OPENS | PRINTS, lock_unlock,
		"open the store: by itself, or with what opens it" },
	{ NULL, "repair", NULL, "", BIT(DRY_RUN) | PRINTS, repair_run,
		"restart containers that an absent or locked agent stopped" },
	{ NULL, "upgrade", NULL, "", PRINTS, lifecycle_upgrade,
		"run the agent's new files; no read fails" },
	{ NULL, "stop", NULL, "", BIT(FORCE) | PRINTS, lifecycle_stop, "stop the agent" },
	{ NULL, "help", NULL, "[COMMAND...]", 0, help_run, "explain a command" },
	{ NULL, "version", NULL, "", BIT(JSON), help_version, "print the version" },
};

const size_t command_count = sizeof command_table / sizeof command_table[0];

void command_words(const struct command *command, char text[COMMAND_WORDS_MAX])
{
	snprintf(text, COMMAND_WORDS_MAX, "%s%s%s", command->noun ? command->noun : "",
		command->noun ? " " : "", command->name);
}

option_set command_options(const struct command *command)
{
	return command->options | BIT(ROOT) | BIT(HELP);
}

void command_bounds(const struct command *command, size_t *least, size_t *most)
{
	const char *at = command->arguments;

	*least = *most = 0;
	while (*at) {
		size_t length = strcspn(at, " ");

		*least += *at != '[' && *at != '-';
		*most += *at != '-';
		if (memmem(at, length, "...", 3))
			*most = (size_t)-1;
		at += length + (at[length] == ' ');
	}
}

bool command_is_noun(const char *word)
{
	for (size_t i = 0; i < command_count; i++)
		if (command_table[i].noun && !strcmp(command_table[i].noun, word))
			return true;
	return false;
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

static bool has_verb(const struct command *command, const char *word)
{
	return same(command->name, word) || same(command->alias, word);
}

static int unknown_verb(const char *noun, const char *word, struct err *err)
{
	struct suggest suggest = { .word = word };

	for (size_t i = 0; i < command_count; i++)
		if (same(command_table[i].noun, noun))
			suggest_try(&suggest, command_table[i].name);
	if (!suggest.nearest)
		return err_set(err, TACIT_INVALID,
			"unknown command '%s %.40s'; 'tacit help %s' lists them", noun, word, noun);
	return err_set(err, TACIT_INVALID, "unknown command '%s %.40s'; did you mean '%s %s'?",
		noun, word, noun, suggest.nearest);
}

/* A verb without its noun is as good a hint as a word that is nearly right. */
static int unknown_word(const char *word, struct err *err)
{
	struct suggest suggest = { .word = word };

	for (size_t i = 0; i < command_count; i++) {
		const struct command *command = &command_table[i];

		if (command->noun && has_verb(command, word))
			return err_set(err, TACIT_INVALID,
				"unknown command '%.40s'; did you mean '%s %s'?", word,
				command->noun, command->name);
		suggest_try(&suggest, command->noun ? command->noun : command->name);
	}
	if (!suggest.nearest)
		return err_set(err, TACIT_INVALID,
			"unknown command '%.40s'; 'tacit help' lists them", word);
	return err_set(err, TACIT_INVALID, "unknown command '%.40s'; did you mean '%s'?", word,
		suggest.nearest);
}

const struct command *command_find(
	const char *const *words, size_t count, size_t *used, struct err *err)
{
	bool noun = count && command_is_noun(words[0]);

	for (size_t i = 0; count && i < command_count; i++) {
		const struct command *command = &command_table[i];

		if (noun ? count > 1 && same(command->noun, words[0]) && has_verb(command, words[1])
			 : !command->noun && same(command->name, words[0])) {
			*used = noun ? 2 : 1;
			return command;
		}
	}
	if (noun && count > 1)
		unknown_verb(words[0], words[1], err);
	else if (noun)
		err_set(err, TACIT_INVALID,
			"'%s' is not a command by itself; 'tacit help %s' lists its commands",
			words[0], words[0]);
	else if (count)
		unknown_word(words[0], err);
	else
		err_set(err, TACIT_INVALID, "a command is missing; 'tacit help' lists them");
	return NULL;
}
