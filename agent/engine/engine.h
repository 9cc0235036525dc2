/* SPDX-License-Identifier: Apache-2.0 */
/* engine: the process that reads what container engines say, and tells core which containers came
 * and went.
 *
 * It is fed by strangers: names, labels and images of containers are whatever somebody wrote. So it
 * has no file, no socket of an engine, no group, no capability, and no word but its few frames: the
 * worst it can do is to say the wrong thing of a container. What it must never do is to tell of one
 * what it was told before that container ended (jobs.h), or to count a label that is the image's
 * (facts.h). One thread, which never waits for core, gate or an engine. */
#ifndef TACIT_ENGINE_ENGINE_H
#define TACIT_ENGINE_ENGINE_H

#include "base/config.h"

/* Serve until both holder and core are gone (0), or one of them says what it may not say. A core or
 * a gate that ends is replaced by holder; then all of it begins again. */
int engine_run(int holder, const struct config *config, struct err *err);

#endif
