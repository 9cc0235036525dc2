/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/import/convention.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define WORD_MAX 128 /* bytes of one pattern */
#define REPOSITORY_MAX 256

/* The first row whose image and variable both match decides. */
const struct convention_row convention_table[] = {
	{ "postgres postgis/postgis pgvector/pgvector timescale/timescaledb",
		"POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS",
		CONVENTION_SUFFIX,
		"docker-library/postgres: docker-entrypoint.sh, file_env; its README, 'Docker "
		"Secrets'" },
	{ "mysql", "MYSQL_ROOT_PASSWORD MYSQL_PASSWORD MYSQL_USER MYSQL_DATABASE MYSQL_ROOT_HOST",
		CONVENTION_SUFFIX, "docker-library/mysql: docker-entrypoint.sh, file_env" },
	{ "mariadb",
		"MARIADB_*PASSWORD MARIADB_*PASSWORD_HASH MARIADB_USER MARIADB_DATABASE "
		"MARIADB_ROOT_HOST MARIADB_REPLICATION_USER MYSQL_ROOT_PASSWORD MYSQL_PASSWORD "
		"MYSQL_USER MYSQL_DATABASE MYSQL_ROOT_HOST",
		CONVENTION_SUFFIX, "MariaDB/mariadb-docker: docker-entrypoint.sh, file_env" },
	{ "percona percona/percona-server",
		"MYSQL_ROOT_PASSWORD MYSQL_PASSWORD MYSQL_USER MYSQL_DATABASE MYSQL_ROOT_HOST",
		CONVENTION_SUFFIX, "percona/percona-docker: ps-entry.sh, file_env" },
	{ "mongo", "MONGO_INITDB_ROOT_USERNAME MONGO_INITDB_ROOT_PASSWORD", CONVENTION_SUFFIX,
		"docker-library/mongo: docker-entrypoint.sh, file_env" },
	{ "mongo-express",
		"ME_CONFIG_BASICAUTH_USERNAME ME_CONFIG_BASICAUTH_PASSWORD "
		"ME_CONFIG_MONGODB_ADMINUSERNAME ME_CONFIG_MONGODB_ADMINPASSWORD "
		"ME_CONFIG_MONGODB_AUTH_USERNAME ME_CONFIG_MONGODB_AUTH_PASSWORD "
		"ME_CONFIG_MONGODB_URL",
		CONVENTION_SUFFIX, "mongo-express/mongo-express: config.default.js, getFileEnv" },
	{ "wordpress", "WORDPRESS_*", CONVENTION_SUFFIX,
		"docker-library/wordpress: wp-config-docker.php, getenv_docker" },
	{ "nextcloud",
		"NEXTCLOUD_ADMIN_USER NEXTCLOUD_ADMIN_PASSWORD MYSQL_DATABASE MYSQL_USER "
		"MYSQL_PASSWORD POSTGRES_DB POSTGRES_USER POSTGRES_PASSWORD REDIS_HOST_PASSWORD "
		"SMTP_PASSWORD OBJECTSTORE_S3_KEY OBJECTSTORE_S3_SECRET OBJECTSTORE_S3_SSE_C_KEY",
		CONVENTION_SUFFIX,
		"nextcloud/docker: entrypoint.sh, file_env; its README, 'Docker "
		"Secrets'" },
	{ "joomla", "JOOMLA_DB_PASSWORD", CONVENTION_SUFFIX,
		"joomla-docker/docker-joomla: README, JOOMLA_DB_PASSWORD_FILE" },
	{ "phpmyadmin phpmyadmin/phpmyadmin",
		"PMA_PASSWORD PMA_USER PMA_CONTROLPASS MYSQL_ROOT_PASSWORD MYSQL_PASSWORD",
		CONVENTION_SUFFIX, "phpmyadmin/docker: README, 'Docker Secrets'" },
	{ "grafana/grafana grafana/grafana-oss grafana/grafana-enterprise", "GF_*",
		CONVENTION_DOUBLE,
		"grafana/grafana: packaging/docker/run.sh; 'Configure Grafana with Docker "
		"secrets'" },
	{ "gitea/gitea docker.gitea.com/gitea codeberg.org/forgejo/forgejo "
	  "code.forgejo.org/forgejo/forgejo data.forgejo.org/forgejo/forgejo",
		"GITEA__* FORGEJO__*", CONVENTION_DOUBLE,
		"go-gitea/gitea: environment-to-ini, variables that end with __FILE" },
	{ "linuxserver/* lscr.io/linuxserver/* ghcr.io/linuxserver/*", "*", CONVENTION_PREFIX,
		"linuxserver/docker-baseimage-*: init-envfile; each image's 'Environment variables "
		"from files (Docker secrets)'" },
	{ "bitnami/* bitnamilegacy/* public.ecr.aws/bitnami/*",
		"*PASSWORD* *_SECRET *_SECRET_KEY *_TOKEN *_KEY *_USER *_USERNAME",
		CONVENTION_SUFFIX,
		"bitnami/containers: each image's *-env.sh, 'variables from files'" },
	{ "n8nio/n8n docker.n8n.io/n8nio/n8n", "N8N_* DB_* QUEUE_* CREDENTIALS_*",
		CONVENTION_SUFFIX,
		"docs.n8n.io: 'Configuration', 'Keeping sensitive data in separate files'" },
	{ "vaultwarden/server ghcr.io/dani-garcia/vaultwarden", "*", CONVENTION_SUFFIX,
		"dani-garcia/vaultwarden: src/util.rs, get_env_str_value" },
	{ "authelia/authelia ghcr.io/authelia/authelia",
		"AUTHELIA_*KEY AUTHELIA_*SECRET AUTHELIA_*PASSWORD AUTHELIA_*TOKEN",
		CONVENTION_SUFFIX, "authelia.com: 'Configuration', 'Methods', 'Secrets'" },
	{ "minio/minio quay.io/minio/minio", "MINIO_ROOT_USER MINIO_ROOT_PASSWORD",
		CONVENTION_SUFFIX,
		"minio/minio: dockerscripts/docker-entrypoint.sh, docker_secrets_env" },
	{ "ghcr.io/immich-app/immich-server",
		"DB_USERNAME DB_PASSWORD DB_DATABASE_NAME DB_HOSTNAME DB_URL REDIS_PASSWORD",
		CONVENTION_SUFFIX, "docs.immich.app: 'Environment Variables', 'Docker Secrets'" },
	{ "paperlessngx/paperless-ngx ghcr.io/paperless-ngx/paperless-ngx", "PAPERLESS_*",
		CONVENTION_SUFFIX,
		"paperless-ngx/paperless-ngx: init-env-file; 'Configuration', variables that end "
		"with _FILE" },
	{ "influxdb",
		"DOCKER_INFLUXDB_INIT_USERNAME DOCKER_INFLUXDB_INIT_PASSWORD "
		"DOCKER_INFLUXDB_INIT_ADMIN_TOKEN",
		CONVENTION_SUFFIX, "influxdata/influxdata-docker: influxdb/2.x/entrypoint.sh" },
	{ "neo4j", "NEO4J_AUTH", CONVENTION_SUFFIX,
		"neo4j/docker-neo4j: docker-entrypoint.sh, NEO4J_AUTH_FILE" },
	{ "docker.elastic.co/elasticsearch/elasticsearch elasticsearch",
		"ELASTIC_PASSWORD KEYSTORE_PASSWORD", CONVENTION_SUFFIX,
		"elastic/elasticsearch: distribution/docker/src/docker/bin/docker-entrypoint.sh" },
};

const size_t convention_count = sizeof convention_table / sizeof convention_table[0];

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

static const struct convention_start starts[] = {
	{ "postgres", script, postgres, "docker-library/postgres: Dockerfile" },
	{ "mysql", script, mysql, "docker-library/mysql: Dockerfile" },
	{ "mariadb", script, mariadb, "MariaDB/mariadb-docker: Dockerfile" },
	{ "mongo", script, mongo, "docker-library/mongo: Dockerfile" },
	{ "redis", script, redis, "docker-library/redis: Dockerfile" },
	{ "valkey/valkey", script, valkey, "valkey-io/valkey-container: Dockerfile" },
	{ "rabbitmq", script, rabbitmq, "docker-library/rabbitmq: Dockerfile" },
	{ "ghost", script, ghost, "docker-library/ghost: Dockerfile" },
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
