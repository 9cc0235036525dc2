/* SPDX-License-Identifier: Apache-2.0 */
/* What running containers carry where anybody who may ask the engine reads it: in their
 * environment, on their command line, in their labels. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/engine.h"
#include "cli/env_scan.h"

#define SHORT_ID 12
#define PLACE_MAX 192 /* "POSTGRES_PASSWORD in its environment": a name is cut at 128 bytes */

#define LABEL "com.docker.compose."

/* The container that is looked into. */
struct view {
	struct env_scan *scan;
	const json_t *config, *labels;
	const json_t *defaults; /* the environment that its image gives to each of its containers */
	char place[PLACE_MAX];  /* what is looked at */
	const char *name;       /* of the variable or label; else "" */
};

/* What is the matter with a place, by the rule that the scanner found it by; and with what it says
 * besides, a token's kind or a secret's name. */
static const struct {
	const char *text;
	bool names;
} troubles[SCAN_RULES] = {
	[SCAN_RULE_NAME] = { "is a secret, by its name", false },
	[SCAN_RULE_ENTROPY] = { "looks drawn by lot", false },
	[SCAN_RULE_URL] = { "has a password in a URL", false },
	[SCAN_RULE_TOKEN] = { "has a well-known token: ", true },
	[SCAN_RULE_STORED] = { "has the value of a secret that the agent keeps: ", true },
};

/* Where compose was told to make it so: what `tacit env import` takes. */
static void compose_file(const struct view *view, char *text, size_t room)
{
	const char *file = member_text(view->labels, LABEL "project.config_files");
	const char *folder = member_text(view->labels, LABEL "project.working_dir");
	bool whole = *file == '/' || !*folder;

	if (*file)
		snprintf(text, room, "; compose made it of %s%s%s", whole ? "" : folder,
			whole ? "" : "/", file);
}

static void found(void *arg, const struct scan_finding *finding)
{
	const struct view *view = arg;
	struct scan_finding here = { .rule = SCAN_RULE_CONTAINER };
	char why[2 * ENV_WHY_MAX], file[ENV_WHY_MAX / 2] = "";
	const char *trouble = troubles[finding->rule].text;

	compose_file(view, file, sizeof file);
	snprintf(why, sizeof why, "%s %s%s%s", view->place, trouble ? trouble : "has a secret",
		troubles[finding->rule].names ? finding->name : "", file);
	memcpy(here.print, finding->print, sizeof here.print);
	snprintf(here.name, sizeof here.name, "%s", view->name);
	snprintf(here.service, sizeof here.service, "%s",
		member_text(view->labels, LABEL "service"));
	view->scan->why = why;
	env_scan_found(view->scan, &here);
	view->scan->why = NULL;
}

/* What an image says of itself is seldom a secret, however much of a checksum looks like one. */
static bool is_default(const struct view *view, const char *pair)
{
	const json_t *given;
	size_t i;

	json_array_foreach (view->defaults, i, given)
		if (json_is_string(given) && !strcmp(json_string_value(given), pair))
			return true;
	return false;
}

static void look_at_variable(struct view *view, const char *pair)
{
	const char *equals = strchr(pair, '=');
	_free_ char *name = equals ? strndup(pair, (size_t)(equals - pair)) : NULL;
	struct scan_finding finding;

	if (!name || !scanner_variable(view->scan->scanner, name, equals + 1, &finding))
		return;
	if (finding.rule != SCAN_RULE_STORED && finding.rule != SCAN_RULE_TOKEN &&
		is_default(view, pair))
		return;
	snprintf(view->place, sizeof view->place, "%.128s in its environment", name);
	view->name = name;
	found(view, &finding);
	view->name = "";
}

/* Anything else that is a text: tokens and stored values. */
static int look_at_text(struct view *view, const json_t *text, struct err *err)
{
	if (!json_is_string(text))
		return 0;
	return scanner_text(view->scan->scanner, SCAN_OTHER, "", json_string_value(text),
		json_string_length(text), found, view, err);
}

static int look_into(struct view *view, const json_t *container, struct err *err)
{
	const json_t *item;
	const char *key;
	int status = 0;
	size_t i;

	json_array_foreach (json_object_get(view->config, "Env"), i, item)
		if (json_is_string(item))
			look_at_variable(view, json_string_value(item));
	snprintf(view->place, sizeof view->place, "its command line");
	json_array_foreach (json_object_get(container, "Args"), i, item)
		status = status ? status : look_at_text(view, item, err);
	json_object_foreach ((json_t *)view->labels, key, item) {
		snprintf(view->place, sizeof view->place, "its label %.128s", key);
		view->name = key;
		status = status ? status : look_at_text(view, item, err);
	}
	return status;
}

/* The environment of the container's image, which is asked for once. NULL: it says none. */
static const json_t *image_environment(
	struct session *session, const char *engine, const json_t *container, json_t *images)
{
	const char *id = member_text(container, "Image");
	json_t *image = json_object_get(images, id);

	if (!image && *id) {
		if (engine_image(session, engine, id, &image, NULL) < 0)
			image = json_object();
		json_object_set_new(images, id, image);
	}
	return json_object_get(json_object_get(image, "Config"), "Env");
}

static int look_at_container(struct env_scan *scan, const char *engine, const json_t *container,
	json_t *images, struct err *err)
{
	const json_t *config = json_object_get(container, "Config");
	const json_t *state = json_object_get(container, "State");
	const char *name = member_text(container, "Name");
	struct view view = { .scan = scan,
		.config = config,
		.labels = json_object_get(config, "Labels"),
		.name = "" };
	char which[ENGINE_TEXT_MAX];
	int status;

	if (!json_is_true(json_object_get(state, "Running")))
		return 0;
	view.defaults = image_environment(scan->session, engine, container, images);
	snprintf(which, sizeof which, "%s %.*s", engine, SHORT_ID, member_text(container, "Id"));
	scan->container = which;
	scan->path = name + (*name == '/');
	scan->first_line = 0;
	scan->last_line = UINT_MAX;
	scan->containers++;
	status = look_into(&view, container, err);
	scan->container = scan->path = NULL;
	return status;
}

static int look_at_engine(
	struct env_scan *scan, const char *engine, const json_t *containers, struct err *err)
{
	_json_ json_t *images = json_object();
	const json_t *container;
	int status = 0;
	size_t i;

	json_array_foreach (containers, i, container)
		status = status ? status : look_at_container(scan, engine, container, images, err);
	return status;
}

int env_scan_containers(struct env_scan *scan, struct err *err)
{
	bool asked = false;
	int status = 0;

	for (size_t i = 0; !status && engine_commands[i]; i++) {
		_json_ json_t *containers = NULL;
		struct err inner;
		int answer =
			engine_containers(scan->session, engine_commands[i], &containers, &inner);

		asked |= answer != -TACIT_NOT_FOUND;
		/* Not to have looked is no clean bill. */
		if (answer < 0 && answer != -TACIT_NOT_FOUND)
			session_fail(scan->session, "its containers were not looked at", &inner);
		status = look_at_engine(scan, engine_commands[i], containers, err);
	}
	return status || asked
		       ? status
		       : err_set(err, TACIT_NOT_FOUND,
				 "neither docker nor podman is there to say what containers run");
}
