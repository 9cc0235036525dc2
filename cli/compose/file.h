/* SPDX-License-Identifier: Apache-2.0 */
/* A compose file as the rest of this folder sees it: the tree, and what its services come to when
 * aliases and merges are followed. Inside cli/compose. */
#ifndef TACIT_COMPOSE_FILE_H
#define TACIT_COMPOSE_FILE_H

#include "cli/compose/compose.h"
#include "cli/compose/yaml.h"

/* A key and its value as a map has them in the end. */
struct pair {
	struct yaml_node *key, *value; /* of a list of NAME=VALUE: both the item */
	bool merged;                   /* by `<<` */
};

struct pairs {
	struct pair *items;
	size_t count;
};

/* One service. `face` is what the callers see; the rest says where to change it. */
struct service {
	struct compose_service face;
	struct pair pair;        /* in `services` */
	struct yaml_node *node;  /* its map; for an alias: what it stands for */
	struct pair environment; /* value NULL: none */
	struct pair secrets;
	struct pair *places;       /* of face.variables, one each */
	struct pair *secret_items; /* of face.secrets: value is the item */
};

struct compose_file {
	struct arena arena;
	const char *name;
	char *text;
	size_t length;
	struct yaml_node *root;
	struct compose_text project;
	struct service *services;
	size_t service_count;
	const struct service **by_name; /* sorted */
	struct compose_secret *secrets;
	struct pair *secret_pairs; /* of secrets, one each */
	size_t secret_count;
	struct compose_text *includes;
	size_t include_count;
	size_t visits; /* pairs that were looked at: merges of merges can be many */
};

/* What `map` says in the end: its own keys, then those of its merges that it has not itself.
 * TACIT_INVALID when it is no map, or merges what is none. NULL or an empty value: no pairs. */
int pairs_of(
	struct compose_file *file, struct yaml_node *map, struct pairs *pairs, struct err *err);
/* One of them by key; value NULL: it is not there. */
struct pair pairs_find(const struct pairs *pairs, const char *key);

/* The scalar that `node` is or stands for; `what` names it in errors. */
int text_of(struct compose_file *file, struct yaml_node *node, const char *what,
	struct compose_text *text, struct err *err);
/* The same, when it has to be there. */
int name_of(struct compose_file *file, struct yaml_node *node, const char *what,
	struct compose_text *text, struct err *err);
/* A list of texts, or one. */
int texts_of(struct compose_file *file, struct yaml_node *node, const char *what,
	struct compose_text **texts, size_t *count, struct err *err);

int read_services(struct compose_file *file, struct yaml_node *services, struct err *err);
int read_environment(struct compose_file *file, struct service *service, struct err *err);
int read_service_secrets(struct compose_file *file, struct service *service, struct err *err);
int read_secrets(struct compose_file *file, struct yaml_node *secrets, struct err *err);

const struct service *service_named(const struct compose_file *file, const char *name);

/* Whether versions of compose make different texts of an unquoted scalar: 0123, yes, 1e3. */
bool plain_is_ambiguous(const char *text);

__attribute__((format(printf, 4, 5))) int file_error(const struct compose_file *file,
	const struct yaml_node *node, struct err *err, const char *format, ...);

#endif
