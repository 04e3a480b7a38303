/* SPDX-License-Identifier: MIT */
#pragma once

/* The tables of scenarios. */

#include "tests/unit/probes/diagnosis/scenario.h"

extern const struct scenario scenarios_network[];
extern const size_t scenarios_network_count;
extern const struct scenario scenarios_pull[];
extern const size_t scenarios_pull_count;
extern const struct scenario scenarios_texts[];
extern const size_t scenarios_texts_count;
extern const struct scenario scenarios_registry[];
extern const size_t scenarios_registry_count;
extern const struct scenario scenarios_node[];
extern const size_t scenarios_node_count;
