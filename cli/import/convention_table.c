/* SPDX-License-Identifier: Apache-2.0 */
/* What was read in each image's own repository or documentation. A row names the variables that
 * were found there and no others: a variable that is missing here is given by tacit-exec, which is
 * right for every image; one too many would leave an application without its value.
 *
 * Left out on purpose, though they have a convention: neo4j (its entrypoint judges by owner and
 * mode whether the user neo4j may read the file, and gives up), N8N_ENCRYPTION_KEY of n8n (older
 * releases do not read its file), REDIS_PASSWORD of Immich (older releases put it into
 * DB_PASSWORD). rabbitmq had one, and does not start with it since 3.9; valkey and ghost have
 * none. */
#include "cli/import/convention.h"

/* An image of Bitnami's under the names it has had. */
#define BITNAMI(name) "bitnami/" name " bitnamilegacy/" name " public.ecr.aws/bitnami/" name
#define BITNAMI_PATH(name, version)                                                                \
	"bitnami/containers: bitnami/" name "/" version                                            \
	"/debian-12/rootfs/opt/bitnami/scripts/" name "-env.sh, " name "_env_vars"

#define GRAFANA "grafana/grafana grafana/grafana-oss grafana/grafana-enterprise"
#define GRAFANA_PATH "grafana/grafana: packaging/docker/run.sh"
#define PAPERLESS "paperlessngx/paperless-ngx ghcr.io/paperless-ngx/paperless-ngx"
#define PAPERLESS_PATH                                                                             \
	"paperless-ngx/paperless-ngx: docker/rootfs/etc/s6-overlay/s6-rc.d/init-env-file/run"
#define AUTHELIA "authelia/authelia ghcr.io/authelia/authelia"
#define AUTHELIA_PATH "authelia/authelia: internal/configuration/const.go, secretSuffix"

/* The first row whose image and variable both match decides. */
const struct convention_row convention_table[] = {
	{ "postgres", "POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS",
		CONVENTION_SUFFIX,
		"docker-library/postgres: docker-entrypoint.sh, docker_setup_env" },
	{ "postgis/postgis", "POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS",
		CONVENTION_SUFFIX, "postgis/docker-postgis: Dockerfile.template, FROM postgres" },
	{ "pgvector/pgvector", "POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS",
		CONVENTION_SUFFIX, "pgvector/pgvector: Dockerfile, FROM postgres" },
	{ "timescale/timescaledb",
		"POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB POSTGRES_INITDB_ARGS",
		CONVENTION_SUFFIX, "timescale/timescaledb-docker: Dockerfile, FROM postgres" },
	{ "ghcr.io/immich-app/postgres", "POSTGRES_PASSWORD", CONVENTION_SUFFIX,
		"immich-app/base-images: postgres/Dockerfile, FROM pgvector/pgvector, and "
		"postgres/immich-docker-entrypoint.sh" },
	{ "mysql", "MYSQL_ROOT_PASSWORD MYSQL_PASSWORD MYSQL_USER MYSQL_DATABASE MYSQL_ROOT_HOST",
		CONVENTION_SUFFIX,
		"docker-library/mysql: 8.4/docker-entrypoint.sh, docker_setup_env" },
	{ "mariadb",
		"MARIADB_ROOT_PASSWORD MARIADB_PASSWORD MARIADB_REPLICATION_PASSWORD "
		"MARIADB_ROOT_PASSWORD_HASH MARIADB_PASSWORD_HASH "
		"MARIADB_REPLICATION_PASSWORD_HASH MARIADB_USER MARIADB_DATABASE MARIADB_ROOT_HOST "
		"MARIADB_REPLICATION_USER MYSQL_ROOT_PASSWORD MYSQL_PASSWORD MYSQL_USER "
		"MYSQL_DATABASE MYSQL_ROOT_HOST",
		CONVENTION_SUFFIX,
		"MariaDB/mariadb-docker: 11.4/docker-entrypoint.sh, docker_setup_env" },
	{ "percona percona/percona-server",
		"MYSQL_ROOT_PASSWORD MYSQL_PASSWORD MYSQL_USER MYSQL_DATABASE MYSQL_ROOT_HOST",
		CONVENTION_SUFFIX,
		"percona/percona-docker: percona-server-8.0/ps-entry.sh and "
		"percona-server-8.4/ps-entry-dockerhub.sh, file_env" },
	{ "mongo", "MONGO_INITDB_ROOT_USERNAME MONGO_INITDB_ROOT_PASSWORD", CONVENTION_SUFFIX,
		"docker-library/mongo: 8.0/docker-entrypoint.sh, file_env" },
	{ "mongo-express", "ME_CONFIG_BASICAUTH_USERNAME ME_CONFIG_BASICAUTH_PASSWORD",
		CONVENTION_SUFFIX, "mongo-express/mongo-express: config.default.js, getFileEnv" },
	{ "influxdb",
		"DOCKER_INFLUXDB_INIT_USERNAME DOCKER_INFLUXDB_INIT_PASSWORD "
		"DOCKER_INFLUXDB_INIT_ADMIN_TOKEN",
		CONVENTION_SUFFIX, "influxdata/influxdata-docker: influxdb/2.7/entrypoint.sh" },
	{ "elasticsearch docker.elastic.co/elasticsearch/elasticsearch",
		"ELASTIC_PASSWORD KEYSTORE_PASSWORD", CONVENTION_SUFFIX,
		"elastic/elasticsearch: distribution/src/bin/elasticsearch-env-from-file" },
	{ "minio/minio quay.io/minio/minio", "MINIO_ROOT_USER MINIO_ROOT_PASSWORD",
		CONVENTION_SUFFIX, "minio/minio: cmd/common-main.go, loadEnvVarsFromFiles" },

	{ "wordpress",
		"WORDPRESS_DB_NAME WORDPRESS_DB_USER WORDPRESS_DB_PASSWORD WORDPRESS_DB_HOST "
		"WORDPRESS_AUTH_KEY WORDPRESS_SECURE_AUTH_KEY WORDPRESS_LOGGED_IN_KEY "
		"WORDPRESS_NONCE_KEY WORDPRESS_AUTH_SALT WORDPRESS_SECURE_AUTH_SALT "
		"WORDPRESS_LOGGED_IN_SALT WORDPRESS_NONCE_SALT WORDPRESS_TABLE_PREFIX "
		"WORDPRESS_CONFIG_EXTRA",
		CONVENTION_SUFFIX,
		"docker-library/wordpress: wp-config-docker.php, getenv_docker" },
	{ "nextcloud",
		"NEXTCLOUD_ADMIN_USER NEXTCLOUD_ADMIN_PASSWORD MYSQL_DATABASE MYSQL_USER "
		"MYSQL_PASSWORD POSTGRES_DB POSTGRES_USER POSTGRES_PASSWORD REDIS_HOST_PASSWORD",
		CONVENTION_SUFFIX,
		"nextcloud/docker: docker-entrypoint.sh, file_env; .config/autoconfig.php; "
		".config/redis.config.php" },
	{ "nextcloud", "SMTP_PASSWORD", CONVENTION_SUFFIX,
		"nextcloud/docker: .config/smtp.config.php" },
	{ "nextcloud", "OBJECTSTORE_S3_KEY OBJECTSTORE_S3_SECRET OBJECTSTORE_S3_SSE_C_KEY",
		CONVENTION_SUFFIX, "nextcloud/docker: .config/s3.config.php" },
	{ "joomla", "JOOMLA_DB_PASSWORD", CONVENTION_SUFFIX,
		"joomla-docker/docker-joomla: docker-entrypoint.sh" },
	{ "redmine", "REDMINE_DB_USERNAME REDMINE_DB_PASSWORD REDMINE_SECRET_KEY_BASE",
		CONVENTION_SUFFIX, "docker-library/redmine: docker-entrypoint.sh, file_env" },
	{ "phpmyadmin phpmyadmin/phpmyadmin",
		"PMA_USER PMA_PASSWORD PMA_CONTROLUSER PMA_CONTROLPASS MYSQL_ROOT_PASSWORD "
		"MYSQL_PASSWORD",
		CONVENTION_SUFFIX,
		"phpmyadmin/docker: apache/docker-entrypoint.sh, get_docker_secret" },
	{ "dpage/pgadmin4", "PGADMIN_DEFAULT_PASSWORD", CONVENTION_SUFFIX,
		"pgadmin-org/pgadmin4: pkg/docker/entrypoint.sh, file_env" },
	{ "miniflux/miniflux ghcr.io/miniflux/miniflux quay.io/miniflux/miniflux",
		"ADMIN_USERNAME ADMIN_PASSWORD DATABASE_URL METRICS_USERNAME METRICS_PASSWORD "
		"OAUTH2_CLIENT_ID OAUTH2_CLIENT_SECRET",
		CONVENTION_SUFFIX, "miniflux/v2: miniflux.1, ENVIRONMENT" },
	{ "zabbix/zabbix-server-mysql", "MYSQL_USER MYSQL_PASSWORD MYSQL_ROOT_PASSWORD",
		CONVENTION_SUFFIX,
		"zabbix/zabbix-docker: Dockerfiles/server-mysql/alpine/docker-entrypoint.sh, "
		"file_env" },
	{ "zabbix/zabbix-web-nginx-mysql", "MYSQL_USER MYSQL_PASSWORD", CONVENTION_SUFFIX,
		"zabbix/zabbix-docker: Dockerfiles/web-nginx-mysql/alpine/docker-entrypoint.sh, "
		"file_env" },
	{ "zabbix/zabbix-web-apache-mysql", "MYSQL_USER MYSQL_PASSWORD", CONVENTION_SUFFIX,
		"zabbix/zabbix-docker: Dockerfiles/web-apache-mysql/alpine/docker-entrypoint.sh, "
		"file_env" },
	{ "zabbix/zabbix-server-pgsql", "POSTGRES_USER POSTGRES_PASSWORD", CONVENTION_SUFFIX,
		"zabbix/zabbix-docker: Dockerfiles/server-pgsql/alpine/docker-entrypoint.sh, "
		"file_env" },
	{ "zabbix/zabbix-web-nginx-pgsql", "POSTGRES_USER POSTGRES_PASSWORD", CONVENTION_SUFFIX,
		"zabbix/zabbix-docker: Dockerfiles/web-nginx-pgsql/alpine/docker-entrypoint.sh, "
		"file_env" },
	{ "zabbix/zabbix-web-apache-pgsql", "POSTGRES_USER POSTGRES_PASSWORD", CONVENTION_SUFFIX,
		"zabbix/zabbix-docker: Dockerfiles/web-apache-pgsql/alpine/docker-entrypoint.sh, "
		"file_env" },

	{ "vaultwarden/server ghcr.io/dani-garcia/vaultwarden quay.io/vaultwarden/server",
		"ADMIN_TOKEN DATABASE_URL SMTP_USERNAME SMTP_PASSWORD YUBICO_CLIENT_ID "
		"YUBICO_SECRET_KEY DUO_IKEY DUO_SKEY HIBP_API_KEY PUSH_INSTALLATION_ID "
		"PUSH_INSTALLATION_KEY",
		CONVENTION_SUFFIX,
		"dani-garcia/vaultwarden: src/config.rs, make_config; src/util.rs, "
		"get_env_str_value" },
	{ AUTHELIA, "AUTHELIA_SERVER_TLS_KEY AUTHELIA_TLS_KEY", CONVENTION_NONE,
		"authelia/authelia: internal/configuration/const.go, secretExclusionExact" },
	{ AUTHELIA, "AUTHELIA_*KEY AUTHELIA_*SECRET AUTHELIA_*PASSWORD AUTHELIA_*TOKEN",
		CONVENTION_SUFFIX, AUTHELIA_PATH },
	{ "lldap/lldap ghcr.io/lldap/lldap nitnelave/lldap",
		"LLDAP_JWT_SECRET LLDAP_KEY_SEED LLDAP_LDAP_USER_PASS", CONVENTION_SUFFIX,
		"lldap/lldap: README.md, 'With Docker'; lldap_config.docker_template.toml" },
	{ "n8nio/n8n docker.n8n.io/n8nio/n8n",
		"DB_POSTGRESDB_USER DB_POSTGRESDB_PASSWORD DB_POSTGRESDB_SSL_KEY "
		"CREDENTIALS_OVERWRITE_DATA",
		CONVENTION_SUFFIX,
		"n8n-io/n8n-docs: docs/hosting/configuration/configuration-methods.md, 'Keeping "
		"sensitive data in separate files'" },
	{ "ghcr.io/immich-app/immich-server",
		"DB_URL DB_USERNAME DB_PASSWORD DB_DATABASE_NAME DB_HOSTNAME", CONVENTION_SUFFIX,
		"immich-app/immich: docs/docs/install/environment-variables.md, 'Docker "
		"Secrets'" },
	/* It takes _FILE out of the middle of a name, too. */
	{ PAPERLESS, "PAPERLESS_*_FILE*", CONVENTION_NONE, PAPERLESS_PATH },
	{ PAPERLESS, "PAPERLESS_*", CONVENTION_SUFFIX, PAPERLESS_PATH },

	/* Profiles of AWS are written before the files are read. */
	{ GRAFANA, "GF_AWS_*", CONVENTION_NONE, GRAFANA_PATH },
	{ GRAFANA, "GF_*", CONVENTION_DOUBLE, GRAFANA_PATH },
	{ "gitea/gitea docker.gitea.com/gitea", "GITEA__*__*", CONVENTION_DOUBLE,
		"go-gitea/gitea: modules/setting/config_env.go, EnvConfigKeySuffixFile" },
	{ "codeberg.org/forgejo/forgejo code.forgejo.org/forgejo/forgejo "
	  "data.forgejo.org/forgejo/forgejo",
		"FORGEJO__*__* GITEA__*__*", CONVENTION_DOUBLE,
		"codeberg.org/forgejo/forgejo: modules/setting/config_env.go, "
		"EnvConfigKeySuffixFile" },

	/* Before any service starts, for every variable; line feeds in a value are lost. */
	{ "linuxserver/* lscr.io/linuxserver/* ghcr.io/linuxserver/*", "*", CONVENTION_PREFIX,
		"linuxserver/docker-baseimage-alpine: root/etc/s6-overlay/s6-rc.d/init-envfile/"
		"run" },

	{ BITNAMI("postgresql"),
		"POSTGRES_PASSWORD POSTGRES_POSTGRES_PASSWORD POSTGRES_REPLICATION_PASSWORD "
		"POSTGRES_LDAP_BIND_PASSWORD POSTGRES_USER POSTGRESQL_PASSWORD "
		"POSTGRESQL_POSTGRES_PASSWORD POSTGRESQL_REPLICATION_PASSWORD "
		"POSTGRESQL_LDAP_BIND_PASSWORD POSTGRESQL_USERNAME",
		CONVENTION_SUFFIX, BITNAMI_PATH("postgresql", "17") },
	{ BITNAMI("mariadb"),
		"MARIADB_ROOT_USER MARIADB_ROOT_PASSWORD MARIADB_USER MARIADB_PASSWORD "
		"MARIADB_MASTER_ROOT_PASSWORD MARIADB_REPLICATION_USER "
		"MARIADB_REPLICATION_PASSWORD",
		CONVENTION_SUFFIX, BITNAMI_PATH("mariadb", "11.4") },
	{ BITNAMI("mysql"),
		"MYSQL_ROOT_USER MYSQL_ROOT_PASSWORD MYSQL_USER MYSQL_PASSWORD "
		"MYSQL_MASTER_ROOT_PASSWORD MYSQL_REPLICATION_USER MYSQL_REPLICATION_PASSWORD",
		CONVENTION_SUFFIX, BITNAMI_PATH("mysql", "9.6") },
	{ BITNAMI("mongodb"),
		"MONGODB_ROOT_USER MONGODB_ROOT_PASSWORD MONGODB_USERNAME MONGODB_PASSWORD "
		"MONGODB_METRICS_PASSWORD MONGODB_EXTRA_PASSWORDS MONGODB_REPLICA_SET_KEY "
		"MONGODB_INITIAL_PRIMARY_ROOT_PASSWORD",
		CONVENTION_SUFFIX, BITNAMI_PATH("mongodb", "8.0") },
	{ BITNAMI("redis"), "REDIS_PASSWORD REDIS_MASTER_PASSWORD REDIS_TLS_KEY_FILE_PASS",
		CONVENTION_SUFFIX, BITNAMI_PATH("redis", "7.4") },
	{ BITNAMI("rabbitmq"),
		"RABBITMQ_USERNAME RABBITMQ_PASSWORD RABBITMQ_DEFAULT_USER RABBITMQ_DEFAULT_PASS "
		"RABBITMQ_ERL_COOKIE RABBITMQ_ERLANG_COOKIE",
		CONVENTION_SUFFIX, BITNAMI_PATH("rabbitmq", "4.0") },
	{ BITNAMI("keycloak"),
		"KEYCLOAK_ADMIN_PASSWORD KEYCLOAK_BOOTSTRAP_ADMIN_PASSWORD "
		"KC_BOOTSTRAP_ADMIN_PASSWORD KEYCLOAK_DATABASE_PASSWORD "
		"KEYCLOAK_HTTPS_TRUST_STORE_PASSWORD KEYCLOAK_HTTPS_KEY_STORE_PASSWORD",
		CONVENTION_SUFFIX, BITNAMI_PATH("keycloak", "26") },
	{ BITNAMI("wordpress"),
		"WORDPRESS_USERNAME WORDPRESS_PASSWORD WORDPRESS_DATABASE_USER "
		"WORDPRESS_DATABASE_PASSWORD WORDPRESS_SMTP_USER WORDPRESS_SMTP_PASSWORD "
		"WORDPRESS_AUTH_KEY WORDPRESS_SECURE_AUTH_KEY WORDPRESS_LOGGED_IN_KEY "
		"WORDPRESS_NONCE_KEY WORDPRESS_AUTH_SALT WORDPRESS_SECURE_AUTH_SALT "
		"WORDPRESS_LOGGED_IN_SALT WORDPRESS_NONCE_SALT",
		CONVENTION_SUFFIX, BITNAMI_PATH("wordpress", "6") },
};

const size_t convention_count = sizeof convention_table / sizeof convention_table[0];
