/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/convention.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 128 /* bytes of one pattern */
#define REPOSITORY_MAX 256

static const char *const script[] = { "docker-entrypoint.sh", NULL };
static const char *const nothing[] = { NULL };
static const char *const postgres[] = { "postgres", NULL };
static const char *const mysql[] = { "mysqld", NULL };
static const char *const mariadb[] = { "mariadbd", NULL };
static const char *const mongo[] = { "mongod", NULL };
static const char *const redis[] = { "redis-server", NULL };
static const char *const valkey[] = { "valkey-server", NULL };
static const char *const rabbitmq[] = { "rabbitmq-server", NULL };
static const char *const ghost[] = { "node", "current/index.js", NULL };
static const char *const keycloak[] = { "/opt/keycloak/bin/kc.sh", NULL };

/* Entrypoint and command of the releases that are kept up. */
static const struct convention_start starts[] = {
	{ "postgres", script, postgres, "docker-library/postgres: Dockerfile-debian.template" },
	{ "mysql", script, mysql, "docker-library/mysql: template/Dockerfile.oracle" },
	{ "mariadb", script, mariadb, "MariaDB/mariadb-docker: 11.4/Dockerfile" },
	{ "mongo", script, mongo, "docker-library/mongo: Dockerfile-linux.template" },
	{ "redis", script, redis, "redis/docker-library-redis: Dockerfile.template" },
	{ "valkey/valkey", script, valkey, "valkey-io/valkey-container: Dockerfile.template" },
	{ "rabbitmq", script, rabbitmq, "docker-library/rabbitmq: Dockerfile-ubuntu.template" },
	{ "ghost", script, ghost, "docker-library/ghost: 6/bookworm/Dockerfile" },
	{ "keycloak/keycloak", keycloak, nothing,
		"keycloak/keycloak: quarkus/container/Dockerfile" },
	{ "quay.io/keycloak/keycloak", keycloak, nothing,
		"keycloak/keycloak: quarkus/container/Dockerfile" },
};

/* Other names of the same library of images. */
static const char *const registries[] = { "docker.io/library/", "index.docker.io/library/",
	"public.ecr.aws/docker/library/", "mirror.gcr.io/library/", "docker.io/",
	"index.docker.io/", "library/" };

bool convention_repository(const char *image, char *repository, size_t room)
{
	const char *slash, *end;

	for (size_t i = 0; i < sizeof registries / sizeof registries[0]; i++) {
		if (strncmp(image, registries[i], strlen(registries[i])))
			continue;
		image += strlen(registries[i]);
		break;
	}
	slash = strrchr(image, '/');
	end = slash ? slash : image;
	end += strcspn(end, ":@");
	return end > image &&
	       snprintf(repository, room, "%.*s", (int)(end - image), image) < (int)room;
}

static bool matches(const char *patterns, const char *text)
{
	char pattern[WORD_MAX];

	while (*patterns) {
		size_t length = strcspn(patterns, " ");

		snprintf(pattern, sizeof pattern, "%.*s", (int)length, patterns);
		if (!fnmatch(pattern, text, 0))
			return true;
		patterns += length + strspn(patterns + length, " ");
	}
	return false;
}

enum convention_form convention_of(const char *image, const char *variable, const char **source)
{
	char repository[REPOSITORY_MAX];

	*source = NULL;
	if (!image || !convention_repository(image, repository, sizeof repository))
		return CONVENTION_NONE;
	for (size_t i = 0; i < convention_count; i++) {
		const struct convention_row *row = &convention_table[i];

		if (!matches(row->images, repository) || !matches(row->variables, variable))
			continue;
		if (row->form != CONVENTION_NONE)
			*source = row->source;
		return row->form;
	}
	return CONVENTION_NONE;
}

bool convention_variable(
	enum convention_form form, const char *variable, char name[CONVENTION_NAME_MAX + 1])
{
	static const char *const formats[CONVENTION_FORMS][2] = {
		[CONVENTION_NONE] = { "", "_FILE" },
		[CONVENTION_SUFFIX] = { "", "_FILE" },
		[CONVENTION_DOUBLE] = { "", "__FILE" },
		[CONVENTION_PREFIX] = { "FILE__", "" },
	};
	int length = snprintf(name, CONVENTION_NAME_MAX + 1, "%s%s%s", formats[form][0], variable,
		formats[form][1]);

	return length > 0 && length <= CONVENTION_NAME_MAX;
}

const struct convention_start *convention_start_of(const char *image)
{
	char repository[REPOSITORY_MAX];

	if (!image || !convention_repository(image, repository, sizeof repository))
		return NULL;
	for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++)
		if (!strcmp(starts[i].image, repository))
			return &starts[i];
	return NULL;
}
