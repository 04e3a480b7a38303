/* SPDX-License-Identifier: MIT */
#include "daemon/report/target_fields.h"

static const struct field control_rows[] = {
    FIELD(control, name, "name", FIELD_TEXT),
    FIELD(control, kind, "kind", FIELD_ENUM, FIELD_REQUIRED, .name = control_kind_name,
          .limit = CONTROL_INTERNET + 1),
    FIELD(control, host, "host", FIELD_TEXT),
    FIELD(control, port, "port", FIELD_NUMBER),
};
static const struct field_table control_fields = FIELD_TABLE(control_rows, control);

static const struct field resolver_rows[] = {
    FIELD_ARRAY(network_settings, pod_resolvers, pod_resolver_count, "pod", FIELD_ENDPOINT),
    FIELD_ARRAY(network_settings, host_resolvers, host_resolver_count, "host", FIELD_ENDPOINT),
};
static const struct field_table resolver_fields = FIELD_TABLE(resolver_rows, network_settings);

static const struct field network_rows[] = {
    FIELD(network_settings, profile, "profile", FIELD_ENUM, FIELD_REQUIRED, .name = profile_name,
          .limit = PROFILE_NODE + 1),
    FIELD_ARRAY(network_settings, private_ranges, private_range_count, "private_ranges",
                FIELD_RANGE),
    FIELD_ARRAY(network_settings, provider_ranges, provider_range_count, "provider_ranges",
                FIELD_RANGE),
    FIELD_ARRAY(network_settings, controls, control_count, "controls", FIELD_STRUCT,
                .of = &control_fields),
    FIELD(network_settings, docs_url, "docs_url", FIELD_TEXT),
    {0, sizeof(struct network_settings), "resolvers", FIELD_STRUCT, .of = &resolver_fields},
};
static const struct field_table network_fields = FIELD_TABLE(network_rows, network_settings);

static const struct field setting_rows[] = {
    FIELD(target, expect, "expect", FIELD_ENUM, FIELD_REQUIRED, .name = expect_name,
          .limit = EXPECT_PUBLIC + 1),
    FIELD(target, timeout, "timeout_seconds", FIELD_SECONDS),
    FIELD(target, certificate_warning_days, "certificate_warning_days", FIELD_NUMBER),
    FIELD(target, linkage_address, "linkage_address", FIELD_ADDRESS,
          .present = offsetof(struct target, has_linkage_address)),
    FIELD(target, ca_file, "ca_file", FIELD_TEXT),
    FIELD_ARRAY(target, images, image_count, "images", FIELD_TEXT),
    FIELD(target, registry_interval, "registry_interval_seconds", FIELD_SECONDS),
    FIELD_LIST(target, docker_configs, docker_config_count, SETTINGS_MAX_FILES, "docker_config",
               FIELD_TEXT),
    FIELD(target, platform, "platform", FIELD_TEXT),
    FIELD(target, send_key_unverified, "send_key_unverified", FIELD_FLAG),
    FIELD_LIST(target, token_hosts, token_host_count, SETTINGS_MAX_HOSTS, "token_hosts",
               FIELD_TEXT),
    FIELD(target, plain_http, "plain_http", FIELD_FLAG),
    FIELD(target, insecure_skip_verify, "insecure_skip_verify", FIELD_FLAG),
    {offsetof(struct target, network), sizeof(struct network_settings), NULL, FIELD_STRUCT,
     .shape = SHAPE_POINTER, .of = &network_fields},
};
static const struct field_table setting_fields = FIELD_TABLE(setting_rows, target);

static const struct field target_rows[] = {
    FIELD(target, name, "name", FIELD_TEXT, FIELD_REQUIRED),
    FIELD(target, host, "host", FIELD_TEXT, FIELD_REQUIRED),
    FIELD(target, port, "port", FIELD_NUMBER),
    FIELD(target, instance, "instance", FIELD_TEXT),
    FIELD(target, is_vpc_name, "vpc_name", FIELD_FLAG),
    FIELD(target, expect, "expect", FIELD_ENUM, FIELD_DERIVED, .name = expect_name,
          .limit = EXPECT_PUBLIC + 1),
};
const struct field_table target_fields = FIELD_TABLE(target_rows, target);

static const struct field settings_rows[] = {
    {0, sizeof(struct target), "settings", FIELD_STRUCT, FIELD_REQUIRED, .of = &setting_fields},
};
const struct field_table target_settings_fields = FIELD_TABLE(settings_rows, target);
