/* SPDX-License-Identifier: MIT */
#pragma once

/* The values of placeholders for the target, the requests to it, and their answers (placeholders.c
 * has the table). */

#include "probes/diagnosis/subject.h"

void say_text(struct text *out, const char *text);
void say_host(struct text *out, const struct subject *subject);
void say_port(struct text *out, const struct subject *subject);
void say_registry(struct text *out, const struct subject *subject);
void say_docker_server(struct text *out, const struct subject *subject);
void say_registry_url(struct text *out, const struct subject *subject);
void say_instance(struct text *out, const struct subject *subject);
void say_setting(struct text *out, const struct subject *subject);
void say_image(struct text *out, const struct subject *subject);
void say_others(struct text *out, const struct subject *subject);
void say_manifest_url(struct text *out, const struct subject *subject);
void say_asked(struct text *out, const struct subject *subject);
void say_realm(struct text *out, const struct subject *subject);
void say_realm_host(struct text *out, const struct subject *subject);
void say_remote(struct text *out, const struct subject *subject);
void say_location(struct text *out, const struct subject *subject);
void say_answer(struct text *out, const struct subject *subject);
void say_status(struct text *out, const struct subject *subject);
void say_retry_after(struct text *out, const struct subject *subject);
void say_reply(struct text *out, const struct subject *subject);
void say_detail(struct text *out, const struct subject *subject);
void say_granted(struct text *out, const struct subject *subject);
