/* SPDX-License-Identifier: MIT */
/* Reads the command line and the environment. Most options have a variable TCR_PROBE_<OPTION>. */

#include "config/invocation.h"

#include <stddef.h>
#include <string.h>

#include "config/load.h"
#include "config/secret.h"
#include "config/types.h"

#define VARIABLE_PREFIX "TCR_PROBE_"
#define MAX_WORDS       64
#define BLANKS          " \t\r\n"
#define MAX_WAIT        (30ULL * 24 * 3600 * USEC_PER_SEC)
#define MAX_COMMANDS    80 /* bytes of a list of commands */
#define MAX_OPTION      32 /* bytes of a name that an error repeats */
#define OPTION_BYTES    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"

struct command_line {
    struct loader *loader;
    struct invocation *invocation;
    int argc;
    char *const *argv;
    int at;
};

/* ---- the program's own options ---- */

static void set_choice(struct loader *loader, const struct origin *origin, const char *value,
                       const char *const *choices, int *ret)
{
    int choice = parse_choice(value, choices);

    if (choice >= 0)
        *ret = choice;
    else
        config_error(loader->errors, origin, "\"%s\": %s", loader_shown(loader, value),
                     choice_sentence(choices, loader->arena));
}

static void set_wait(struct loader *loader, const struct origin *origin, const char *value,
                     struct invocation *invocation)
{
    bool for_ever = strcmp(value, "0") == 0;

    if (!for_ever &&
        !parse_duration(value, 100 * USEC_PER_MSEC, MAX_WAIT, &invocation->wait_timeout))
        config_error(
            loader->errors, origin,
            "\"%s\": it is 0, for no limit, or a whole number with ms, s, m or h, from 100ms "
            "to 720h",
            loader_shown(loader, value));
}

static void set_config(struct loader *loader, const struct origin *origin, const char *value,
                       struct invocation *invocation)
{
    (void)loader;
    (void)origin;
    invocation->config_file = value;
}

static void set_replay(struct loader *loader, const struct origin *origin, const char *value,
                       struct invocation *invocation)
{
    (void)loader;
    (void)origin;
    invocation->replay_file = value;
}

static void set_format(struct loader *loader, const struct origin *origin, const char *value,
                       struct invocation *invocation)
{
    static const char *const formats[] = {"text", "json", NULL};
    int choice = FORMAT_TEXT;

    set_choice(loader, origin, value, formats, &choice);
    invocation->format = (enum output_format)choice;
}

static void set_colour(struct loader *loader, const struct origin *origin, const char *value,
                       struct invocation *invocation)
{
    static const char *const colours[] = {"auto", "always", "never", NULL};
    int choice = COLOUR_AUTO;

    set_choice(loader, origin, value, colours, &choice);
    invocation->colour = (enum colour_mode)choice;
}

/* An option of the program itself; it has either a value and `set`, or a switch. */
struct own_option {
    const char *option;
    const char *value;
    const char *help;
    unsigned commands;
    char letter;
    bool variable;
    void (*set)(struct loader *loader, const struct origin *origin, const char *value,
                struct invocation *invocation);
    size_t flag; /* the switch, a bool of struct invocation */
};

#define SWITCH(member) NULL, offsetof(struct invocation, member)

static const struct own_option own_options[] = {
    {"config", "FILE", "YAML file to read; options override it",
     FOR_RUNS | FOR_EXPLAIN | FOR_HEALTHCHECK, 0, true, set_config, 0},
    {"format", "text|json", "format of the output [text]", FOR_REPORTS | FOR_EXPLAIN, 'o', true,
     set_format, 0},
    {"color", "auto|always|never", "auto: on a terminal, unless NO_COLOR is set",
     FOR_REPORTS | FOR_EXPLAIN, 0, true, set_colour, 0},
    {"verbose", NULL, "print the evidence too", FOR_REPORTS, 'v', false, SWITCH(verbose)},
    {"quiet", NULL, "print the summary line only, and no progress", FOR_REPORTS, 'q', false,
     SWITCH(quiet)},
    {"replay", "FILE", "diagnose a saved JSON report again, without any network", FOR_CHECK, 0,
     true, set_replay, 0},
    {"no-secrets", NULL, "read no pull secrets, and judge the network only", FOR_DIAGNOSE, 0, false,
     SWITCH(no_secrets)},
    {"write-event", NULL, "put the answer on the pod, as an Event", FOR_DIAGNOSE, 0, false,
     SWITCH(write_event)},
    {"list", NULL, "list the ids of all causes", FOR_EXPLAIN, 0, false, SWITCH(list_causes)},
    {"timeout", "DURATION", "time limit for the whole wait, 0: none [0]", FOR_WAIT, 0, false,
     set_wait, 0},
    {"help", NULL, "print this text", FOR_ALL, 'h', false, SWITCH(help)},
    {"version", NULL, "print the version, and those of the libraries", FOR_ALL, 'V', false,
     SWITCH(version)},
};
#define OWN_COUNT (sizeof(own_options) / sizeof(own_options[0]))

static void set_own(struct loader *loader, const struct own_option *own,
                    const struct origin *origin, const char *value, struct invocation *invocation)
{
    bool is_path = own->value && strcmp(own->value, "FILE") == 0;
    const char *wrong =
        is_path && may_be_secret(value) ? check_path(value, loader->arena) : loader_refuses(value);

    if (wrong)
        config_error(loader->errors, origin, "\"%s\": %s", loader_shown(loader, value), wrong);
    else
        own->set(loader, origin, value, invocation);
}

/* Returns the commands that have an option of their own in place of the schema's option of that
 * name. */
static unsigned commands_with_own(const char *name)
{
    unsigned commands = 0;

    for (size_t i = 0; i < OWN_COUNT; i++)
        if (strcmp(own_options[i].option, name) == 0)
            commands |= own_options[i].commands;
    return commands;
}

bool option_at(size_t index, struct option_words *ret)
{
    if (index < OWN_COUNT) {
        const struct own_option *own = &own_options[index];
        *ret = (struct option_words){.option = own->option,
                                     .letter = own->letter,
                                     .value = own->value,
                                     .help = own->help,
                                     .variable = own->variable,
                                     .commands = own->commands};
        return true;
    }
    if (index - OWN_COUNT >= schema_key_count)
        return false;
    const struct schema_key *key = &schema_keys[index - OWN_COUNT];
    *ret = (struct option_words){.option = key->option,
                                 .value = key->value,
                                 .standard = key->standard,
                                 .help = key->help,
                                 .path = key->path,
                                 .variable = true,
                                 .list = key->list,
                                 .commands = key->commands & ~commands_with_own(key->option)};
    return true;
}

static bool takes(const struct invocation *invocation, unsigned commands)
{
    return commands & (1u << invocation->command);
}

/* ---- environment ---- */

/* Returns the next item of a list with commas, without the blanks around it; NULL at the end. JSON
 * stays whole, because it may be a key, and a part of it would not look like one. */
static const char *next_item(struct loader *loader, const char **list)
{
    const char *start = *list + strspn(*list, BLANKS);
    size_t length = *start == '{' ? strlen(start) : strcspn(start, ",");

    if (!*start)
        return NULL;
    *list = start + length + (start[length] == ',');
    while (length && strchr(BLANKS, start[length - 1]))
        length--;
    return arena_copy_bytes(loader->arena, start, length);
}

static void assign_variable(struct loader *loader, const struct schema_key *key, const char *value,
                            const struct origin *origin)
{
    const char *item;

    if (!key->list)
        loader_assign(loader, key, SOURCE_VARIABLE, value, NULL, origin);
    while (key->list && (item = next_item(loader, &value)))
        loader_assign(loader, key, SOURCE_VARIABLE, item, NULL, origin);
}

static void read_targets_variable(struct loader *loader, const char *value,
                                  const struct origin *origin)
{
    const char *item;

    while ((item = next_item(loader, &value)))
        loader_add_target(loader, SOURCE_VARIABLE, item, origin);
}

/* "9447_TCP", or that with _PROTO, _PORT or _ADDR. */
static bool is_port_of_service(const char *text)
{
    static const char *const protocols[] = {"_TCP", "_UDP", "_SCTP"};
    static const char *const parts[] = {"", "_PROTO", "_PORT", "_ADDR"};
    size_t digits = strspn(text, "0123456789");

    for (size_t i = 0; digits && i < sizeof(protocols) / sizeof(protocols[0]); i++) {
        size_t length = strlen(protocols[i]);
        if (strncmp(text + digits, protocols[i], length) != 0)
            continue;
        for (size_t n = 0; n < sizeof(parts) / sizeof(parts[0]); n++)
            if (strcmp(text + digits + length, parts[n]) == 0)
                return true;
    }
    return false;
}

/* True for variables that Kubernetes sets in every pod for a Service named tcr-probe or
 * tcr-probe-something:
 * <SERVICE>_SERVICE_HOST, <SERVICE>_SERVICE_PORT[_<NAME>], <SERVICE>_PORT=tcp://...,
 * <SERVICE>_PORT_<N>_<TCP|UDP|SCTP>[_PROTO|_PORT|_ADDR]. */
static bool is_service_variable(const char *name, const char *value)
{
    const char *port = strstr(name, "_SERVICE_PORT");

    if (text_ends_with(name, "_SERVICE_HOST"))
        return true;
    if (port && strchr("_", port[sizeof("_SERVICE_PORT") - 1]))
        return true;
    if (text_ends_with(name, "_PORT") &&
        (strncmp(value, "tcp://", 6) == 0 || strncmp(value, "udp://", 6) == 0 ||
         strncmp(value, "sctp://", 7) == 0))
        return true;
    for (port = strstr(name, "_PORT_"); port; port = strstr(port + 1, "_PORT_"))
        if (is_port_of_service(port + sizeof("_PORT_") - 1))
            return true;
    return false;
}

static void read_variable(struct loader *loader, struct invocation *invocation, const char *name,
                          const char *value)
{
    struct origin origin = {name, 0, 0};
    char known[SCHEMA_VARIABLE_SIZE];
    const char *words[MAX_WORDS] = {"TCR_PROBE_TARGETS"};
    size_t count = 1;

    if (strcmp(name, words[0]) == 0) {
        read_targets_variable(loader, value, &origin);
        return;
    }
    for (size_t i = 0; i < OWN_COUNT; i++) {
        const struct own_option *own = &own_options[i];
        if (!own->variable)
            continue;
        schema_variable(own->option, known);
        if (strcmp(known, name) == 0) {
            if (takes(invocation, own->commands))
                set_own(loader, own, &origin, value, invocation);
            return;
        }
        words[count++] = arena_copy_text(loader->arena, known);
    }
    for (size_t i = 0; i < schema_key_count; i++) {
        schema_variable(schema_keys[i].option, known);
        if (strcmp(known, name) == 0) {
            assign_variable(loader, &schema_keys[i], value, &origin);
            return;
        }
        words[count++] = arena_copy_text(loader->arena, known);
    }
    if (is_service_variable(name, value))
        return;
    const char *near = arena_failed(loader->arena) ? NULL : nearest_word(name, words);
    config_error(loader->errors, &origin,
                 near ? "unknown variable; did you mean %s?" : "unknown variable%s",
                 near ? near : "");
}

static void read_option_variables(struct loader *loader, struct invocation *invocation,
                                  char *const *environment)
{
    for (; environment && *environment; environment++) {
        const char *equals = strchr(*environment, '=');
        if (!equals || strncmp(*environment, VARIABLE_PREFIX, strlen(VARIABLE_PREFIX)) != 0)
            continue;
        const char *name =
            arena_copy_bytes(loader->arena, *environment, (size_t)(equals - *environment));
        if (name)
            read_variable(loader, invocation, name, equals + 1);
    }
}

/* ---- command line ---- */

static void unknown_option(struct command_line *line, const char *name, const struct origin *origin)
{
    const char *words[MAX_WORDS];
    struct option_words option;
    size_t count = 0;

    for (size_t i = 0; option_at(i, &option); i++)
        if (takes(line->invocation, option.commands))
            words[count++] = option.option;
    words[count] = NULL;
    const char *near = nearest_word(name, words);
    config_error(line->loader->errors, origin,
                 near ? "unknown option; did you mean --%s?" : "unknown option; see --help%s",
                 near ? near : "");
}

/* Refuses an option that the command does not read, because it would have no effect. */
static void refuse_option(struct command_line *line, unsigned commands, const struct origin *origin)
{
    char room[MAX_COMMANDS + 1] = "";
    struct text others = TEXT_IN(room);

    if (line->invocation->command == COMMAND_HELP) {
        config_error(line->loader->errors, origin, "name a command first, e.g. check; see --help");
        return;
    }
    command_list(commands, &others);
    config_error(line->loader->errors, origin, "%s does not take this option; %s %s",
                 command_table[line->invocation->command].name, text_string(&others),
                 commands & (commands - 1) ? "do" : "does");
}

/* Gives `value` to the option at `index` of option_at(). */
static void set_option(struct command_line *line, size_t index, const char *value,
                       const struct origin *origin)
{
    const struct own_option *own = index < OWN_COUNT ? &own_options[index] : NULL;

    if (!own)
        loader_assign(line->loader, &schema_keys[index - OWN_COUNT], SOURCE_OPTION, value, NULL,
                      origin);
    else if (own->value)
        set_own(line->loader, own, origin, value, line->invocation);
    else
        *(bool *)((char *)line->invocation + own->flag) = true;
}

/* Reads the option with this name, or with this letter if `name` is NULL. `inside` is the value in
 * the same word, or NULL. */
static void read_one_option(struct command_line *line, const char *name, char letter,
                            const char *inside, const struct origin *origin)
{
    struct option_words option;
    unsigned others = 0;
    const char *value = inside;
    bool takes_value = false;

    for (size_t i = 0; option_at(i, &option); i++) {
        if (name ? strcmp(option.option, name) != 0 : option.letter != letter)
            continue;
        takes_value |= option.value != NULL;
        others |= option.commands;
        if (!takes(line->invocation, option.commands))
            continue;
        if (!option.value && !option.path && inside)
            config_error(line->loader->errors, origin, "this option takes no value");
        if (!option.value && !inside)
            value = "true";
        else if (!value && line->at < line->argc)
            value = line->argv[line->at++];
        if (value)
            set_option(line, i, value, origin);
        else
            config_error(line->loader->errors, origin, "a value is needed");
        return;
    }
    bool more = !inside && line->at < line->argc;
    if (more && (takes_value || (!others && line->argv[line->at][0] != '-')))
        line->at++; /* because the value would be taken for a target, and shown */
    if (others)
        refuse_option(line, others, origin);
    else
        unknown_option(line, name ? name : "", origin);
}

/* The name of an option, unless it looks like something else: a key in PEM begins with "-----". */
static const char *shown_option(const char *name)
{
    bool is_name = strlen(name) == strspn(name, OPTION_BYTES) && strlen(name) <= MAX_OPTION;

    return *name == '-' || !is_name ? "..." : name;
}

/* "--name", "--name=value" */
static void read_long(struct command_line *line, const char *argument)
{
    size_t length = strcspn(argument + 2, "=");
    const char *name = arena_copy_bytes(line->loader->arena, argument + 2, length);
    const char *inside = argument[2 + length] == '=' ? argument + 2 + length + 1 : NULL;
    struct origin origin = {argument, 0, 0};

    if (!name)
        return;
    origin.file = arena_format(line->loader->arena, "--%s", shown_option(name));
    read_one_option(line, name, 0, inside, &origin);
}

/* "-v", "-vq", "-o json", "-ojson" */
static void read_letters(struct command_line *line, const char *argument)
{
    for (const char *at = argument + 1; *at; at++) {
        char word[] = {'-', *at, '\0'};
        struct origin origin = {arena_copy_text(line->loader->arena, word), 0, 0};
        struct option_words option;
        bool known = false;
        bool takes_value = false;
        for (size_t i = 0; option_at(i, &option); i++) {
            known |= option.letter == *at;
            takes_value |= option.letter == *at && option.value;
        }
        /* The rest behind an unknown letter may be its value, and is not shown. */
        bool ends = takes_value || !known;
        read_one_option(line, NULL, *at, ends && at[1] ? at + 1 : NULL, &origin);
        if (ends)
            return;
    }
}

/* Sets the command. A near miss is refused, but counts as that command, so that the rest of the
 * line is checked too. */
static void find_command(struct command_line *line, const char *word)
{
    const char *words[COMMAND_COUNT + 1] = {0};

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        words[i] = command_table[i].name;
    const char *near = nearest_word(word, words);
    for (size_t i = 0; near && i < COMMAND_COUNT; i++)
        if (strcmp(command_table[i].name, near) == 0)
            line->invocation->command = (enum command)i;
    if (near && strcmp(near, word) == 0)
        return;
    config_error(line->loader->errors, NULL,
                 near ? "\"%s\": unknown command; did you mean %s?"
                      : "\"%s\": unknown command; see --help%s",
                 loader_shown(line->loader, word), near ? near : "");
    if (!near)
        line->at = line->argc; /* the rest has no meaning without a command */
}

static void read_command(struct command_line *line)
{
    struct config_errors *errors = line->loader->errors;
    const char *word = line->at < line->argc ? line->argv[line->at] : NULL;

    line->invocation->command = COMMAND_HELP;
    if (!word) {
        config_error(errors, NULL, "a command is needed, e.g. check; see --help");
        return;
    }
    line->at++;
    if (*word == '-')
        line->at--; /* an option of help: --help, --version */
    else
        find_command(line, word);
}

/* Appends one word to the text for explain. */
static void add_explained(struct command_line *line, const char *word)
{
    struct invocation *invocation = line->invocation;
    const char *before = invocation->explained;

    invocation->explained =
        arena_format(line->loader->arena, "%s%s%s", before ? before : "", before ? " " : "", word);
}

/* Reads a word that is not an option. */
static void read_operand(struct command_line *line, const char *word)
{
    struct invocation *invocation = line->invocation;
    struct origin origin = {NULL, 0, 0};

    switch (command_table[invocation->command].operands) {
    case OPERANDS_TEXT:
        add_explained(line, word);
        break;
    case OPERANDS_POD:
        if (invocation->pod)
            config_error(line->loader->errors, &origin, "\"%s\": %s takes one pod",
                         loader_shown(line->loader, word), command_table[invocation->command].name);
        invocation->pod = word;
        break;
    case OPERANDS_TARGETS:
        loader_add_target(line->loader, SOURCE_OPTION, word, &origin);
        break;
    case OPERANDS_COMMAND:
        if (!line->loader->errors->count) {
            invocation->help = true; /* about that command */
            find_command(line, word);
        }
        break;
    case OPERANDS_NONE:
        config_error(line->loader->errors, &origin, "\"%s\": %s takes no target",
                     loader_shown(line->loader, word), command_table[invocation->command].name);
        break;
    }
}

static void read_arguments(struct command_line *line)
{
    bool options = true;

    while (line->at < line->argc) {
        const char *argument = line->argv[line->at++];
        if (options && strcmp(argument, "--") == 0)
            options = false;
        else if (options && strncmp(argument, "--", 2) == 0)
            read_long(line, argument);
        else if (options && argument[0] == '-' && argument[1])
            read_letters(line, argument);
        else
            read_operand(line, argument);
    }
    if (line->invocation->version)
        line->invocation->command = COMMAND_VERSION;
}

static bool needs_settings(const struct invocation *invocation)
{
    if (invocation->help || invocation->command == COMMAND_HELP ||
        invocation->command == COMMAND_VERSION)
        return false;
    return !(invocation->command == COMMAND_CHECK && invocation->replay_file);
}

/* Refuses settings beside --replay, because the report has its own and they would have no effect.
 */
static void refuse_beside_replay(struct loader *loader)
{
    for (size_t i = 0; i < loader->assignment_count; i++)
        if (loader->assignments[i].source == SOURCE_OPTION)
            config_error(loader->errors, &loader->assignments[i].origin,
                         "cannot be combined with --replay, which uses the settings of the report");
    for (size_t i = 0; i < loader->target_count; i++)
        if (loader->targets[i].source == SOURCE_OPTION)
            config_error(loader->errors, NULL,
                         "target \"%s\": cannot be combined with --replay, which uses the targets "
                         "of the report",
                         loader_shown(loader, loader->targets[i].value));
}

/* Limits each run to the time of the whole wait, so that the last run ends with a verdict. */
static void shorten_runs(struct settings *settings, usec_t wait)
{
    for (size_t i = 0; wait && i < settings->target_count; i++)
        if (settings->targets[i].timeout > wait)
            settings->targets[i].timeout = wait;
}

int settings_load(int argc, char *const *argv, char *const *environment,
                  struct invocation *ret_invocation, struct settings **ret_settings,
                  struct config_errors *errors)
{
    struct loader loader = {.arena = arena_new(0), .errors = errors};
    struct command_line line = {&loader, ret_invocation, argc, argv, 1};
    struct settings *settings = NULL;

    if (!loader.arena) {
        config_error(errors, NULL, "out of memory");
        return -1;
    }
    ret_invocation->argc = argc;
    ret_invocation->argv = argv;
    ret_invocation->environment = environment;
    read_command(&line);
    loader.command = ret_invocation->command;
    read_option_variables(&loader, ret_invocation, environment);
    read_arguments(&line);
    if (needs_settings(ret_invocation)) {
        if (ret_invocation->config_file)
            yaml_file_read(&loader, ret_invocation->config_file);
        settings = loader_finish(&loader);
    } else {
        if (ret_invocation->command == COMMAND_CHECK && !ret_invocation->help)
            refuse_beside_replay(&loader);
        if (arena_failed(loader.arena)) /* an option may be lost */
            config_error(errors, NULL, "out of memory");
    }
    if (settings && !settings->target_count &&
        command_table[ret_invocation->command].needs_target) {
        config_error(errors, NULL,
                     "no target: name one, or set targets in the file or "
                     "TCR_PROBE_TARGETS");
        settings = NULL;
    }
    if (settings && command_table[ret_invocation->command].operands == OPERANDS_POD &&
        !ret_invocation->pod) {
        config_error(errors, NULL,
                     "name a pod, or give - and the output of kubectl get pod POD -o json");
        settings = NULL;
    }
    if (settings) {
        settings->config_file = ret_invocation->config_file;
        shorten_runs(settings, ret_invocation->wait_timeout);
    } else {
        arena_free(loader.arena);
    }
    *ret_settings = settings;
    return errors->count ? -1 : 0;
}
