/* The command line and the environment. Every option has a twin TCR_PROBE_<OPTION>. */

#include "config/invocation.h"

#include <stdlib.h>
#include <string.h>

#include "config/load.h"

#define VARIABLE_PREFIX "TCR_PROBE_"
#define MAX_WORDS       64

const struct command_words command_table[COMMAND_COUNT] = {
    [COMMAND_CHECK] = {"check", "[OPTIONS] TARGET...", "one run, a report, an exit status"},
    [COMMAND_RUN] = {"run", "[OPTIONS] [TARGET...]", "the daemon: watch, log, publish"},
    [COMMAND_WAIT] = {"wait", "[OPTIONS] TARGET...", "block until every target is ok or warn"},
    [COMMAND_EXPLAIN] = {"explain", "[OPTIONS] [TEXT]", "say what a pull error means"},
    [COMMAND_HEALTHCHECK] = {"healthcheck", "[OPTIONS]", "ask the local daemon's /livez"},
    [COMMAND_CONFIG] = {"config", "[OPTIONS] [TARGET...]", "check and print the configuration"},
    [COMMAND_HELP] = {"help", NULL, "this text"},
    [COMMAND_VERSION] = {"version", NULL, "the version"},
};

const struct own_option own_options[] = {
    {"config", "FILE", "YAML; options and environment come before it", true},
    {"format", "text|json", "of what check, wait and explain say [text]", true},
    {"color", "auto|always|never", "auto: on a terminal, unless NO_COLOR", true},
    {"replay", "FILE", "check: diagnose a saved JSON report again, no network", true},
    {"help", NULL, "this text", false},
    {"version", NULL, "the version, and those of the libraries", false},
};
const size_t own_option_count = sizeof(own_options) / sizeof(own_options[0]);

#define MAX_WAIT (30ULL * 24 * 3600 * USEC_PER_SEC)

struct command_line {
    struct loader *loader;
    struct invocation *invocation;
    int argc;
    char *const *argv;
    int at;
};

static void list_words(const char *words[MAX_WORDS])
{
    size_t count = 0;

    for (size_t i = 0; i < own_option_count; i++)
        words[count++] = own_options[i].option;
    for (size_t i = 0; i < schema_key_count; i++)
        words[count++] = schema_keys[i].option;
    words[count] = NULL;
}

static const struct schema_key *key_of_option(const char *name)
{
    for (size_t i = 0; i < schema_key_count; i++)
        if (strcmp(schema_keys[i].option, name) == 0)
            return &schema_keys[i];
    return NULL;
}

/* ---- the program's own options ---- */

static void set_choice(struct loader *loader, const struct origin *origin, const char *value,
                       const char *const *choices, int *ret)
{
    for (int i = 0; choices[i]; i++) {
        if (strcmp(choices[i], value) != 0)
            continue;
        *ret = i;
        return;
    }
    config_error(loader->errors, origin, "\"%s\": it is %s%s%s or %s", loader_shown(loader, value),
                 choices[0], choices[2] ? ", " : "", choices[2] ? choices[1] : "",
                 choices[2] ? choices[2] : choices[1]);
}

static void set_wait(struct loader *loader, struct invocation *invocation, const char *value,
                     const struct origin *origin)
{
    bool for_ever = strcmp(value, "0") == 0;

    if (!for_ever &&
        schema_parse_duration(value, 100 * USEC_PER_MSEC, MAX_WAIT, &invocation->wait_timeout))
        config_error(loader->errors, origin,
                     "\"%s\": it is 0, for ever, or a whole number with ms, s, m or h, from 100ms "
                     "to 720h",
                     loader_shown(loader, value));
}

static bool set_own(struct loader *loader, struct invocation *invocation, const char *name,
                    const char *value, const struct origin *origin)
{
    static const char *const formats[] = {"text", "json", NULL};
    static const char *const colours[] = {"auto", "always", "never", NULL};
    int choice = 0;

    if (strcmp(name, "config") == 0) {
        invocation->config_file = value;
    } else if (strcmp(name, "timeout") == 0) {
        set_wait(loader, invocation, value, origin);
    } else if (strcmp(name, "replay") == 0) {
        invocation->replay_file = value;
    } else if (strcmp(name, "format") == 0) {
        set_choice(loader, origin, value, formats, &choice);
        invocation->format = (enum output_format)choice;
    } else if (strcmp(name, "color") == 0) {
        set_choice(loader, origin, value, colours, &choice);
        invocation->colour = (enum colour_mode)choice;
    } else {
        return false;
    }
    return true;
}

/* ---- environment ---- */

static void assign_list(struct loader *loader, const struct schema_key *key, enum source source,
                        const char *value, const struct origin *origin)
{
    while (key->list && *value) {
        size_t length = strcspn(value, ",");
        loader_assign(loader, key, source, arena_copy_bytes(loader->arena, value, length), NULL,
                      origin);
        value += length + (value[length] == ',');
    }
    if (!key->list)
        loader_assign(loader, key, source, value, NULL, origin);
}

static void read_targets_variable(struct loader *loader, const char *value,
                                  const struct origin *origin)
{
    while (*value) {
        size_t length = strcspn(value, ",");
        loader_add_target(loader, SOURCE_VARIABLE, arena_copy_bytes(loader->arena, value, length),
                          origin);
        value += length + (value[length] == ',');
    }
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    size_t tail = strlen(end);

    return length >= tail && strcmp(text + length - tail, end) == 0;
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

/* What Kubernetes puts into every pod for a Service named tcr-probe or tcr-probe-something; such
 * variables are not ours:
 * <SERVICE>_SERVICE_HOST, <SERVICE>_SERVICE_PORT[_<NAME>], <SERVICE>_PORT=tcp://...,
 * <SERVICE>_PORT_<N>_<TCP|UDP|SCTP>[_PROTO|_PORT|_ADDR]. */
static bool is_service_variable(const char *name, const char *value)
{
    const char *port = strstr(name, "_SERVICE_PORT");

    if (ends_with(name, "_SERVICE_HOST"))
        return true;
    if (port && strchr("_", port[sizeof("_SERVICE_PORT") - 1]))
        return true;
    if (ends_with(name, "_PORT") &&
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
    for (size_t i = 0; i < own_option_count; i++) {
        if (!own_options[i].variable)
            continue;
        schema_variable(own_options[i].option, known);
        if (strcmp(known, name) == 0) {
            set_own(loader, invocation, own_options[i].option, value, &origin);
            return;
        }
        words[count++] = arena_copy_text(loader->arena, known);
    }
    for (size_t i = 0; i < schema_key_count; i++) {
        schema_variable(schema_keys[i].option, known);
        if (strcmp(known, name) == 0) {
            assign_list(loader, &schema_keys[i], SOURCE_VARIABLE, value, &origin);
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

static void read_environment(struct loader *loader, struct invocation *invocation,
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

/* An option that the command would pass over in silence, though it changes what is done or said. */
static const char *whose_option(const struct command_line *line, const char *name)
{
    enum command command = line->invocation->command;

    if (strcmp(name, "replay") == 0 && command != COMMAND_CHECK)
        return "check";
    if (strcmp(name, "format") == 0 && command != COMMAND_CHECK && command != COMMAND_WAIT &&
        command != COMMAND_EXPLAIN)
        return "check, wait and explain";
    return NULL;
}

static void unknown_option(struct command_line *line, const char *name, const struct origin *origin)
{
    const char *words[MAX_WORDS];

    list_words(words);
    const char *near = nearest_word(name, words);
    config_error(line->loader->errors, origin,
                 near ? "unknown option; did you mean --%s?" : "unknown option; see --help%s",
                 near ? near : "");
}

static void read_option(struct command_line *line, const char *argument)
{
    size_t length = strcspn(argument + 2, "=");
    const char *name = arena_copy_bytes(line->loader->arena, argument + 2, length);
    const char *inside = argument[2 + length] == '=' ? argument + 2 + length + 1 : NULL;
    struct origin origin = {argument, 0, 0};

    if (!name)
        return;
    origin.file = arena_format(line->loader->arena, "--%s", name);
    if (strcmp(name, "help") == 0) {
        line->invocation->help = true;
        return;
    }
    if (strcmp(name, "version") == 0) {
        line->invocation->command = COMMAND_VERSION;
        return;
    }
    /* The key of that name is the time-out of one run; wait's is that of all of them. */
    bool own = line->invocation->command == COMMAND_WAIT && strcmp(name, "timeout") == 0;
    const struct schema_key *key = own ? NULL : key_of_option(name);
    for (size_t i = 0; i < own_option_count; i++)
        own |= strcmp(own_options[i].option, name) == 0;
    if (!key && !own) {
        unknown_option(line, name, &origin);
        return;
    }
    const char *value = inside;
    if (key && !key->value)
        value = inside ? inside : "true";
    else if (!value && line->at < line->argc)
        value = line->argv[line->at++];
    const char *others = whose_option(line, name);
    if (others)
        config_error(line->loader->errors, &origin, "an option of %s only", others);
    else if (!value)
        config_error(line->loader->errors, &origin, "a value is needed");
    else if (key)
        loader_assign(line->loader, key, SOURCE_OPTION, value, NULL, &origin);
    else
        set_own(line->loader, line->invocation, name, value, &origin);
}

static void find_command(struct command_line *line, const char *word)
{
    const char *words[COMMAND_COUNT + 1] = {0};

    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        words[i] = command_table[i].name;
        if (strcmp(command_table[i].name, word) == 0) {
            line->invocation->command = (enum command)i;
            return;
        }
    }
    const char *near = nearest_word(word, words);
    config_error(line->loader->errors, NULL,
                 near ? "\"%s\": unknown command; did you mean %s?"
                      : "\"%s\": unknown command; see --help%s",
                 loader_shown(line->loader, word), near ? near : "");
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
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return;
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        line->invocation->command = COMMAND_VERSION;
        return;
    }
    find_command(line, word);
}

/* What explain explains may come as one word or as many. */
static void add_explained(struct command_line *line, const char *word)
{
    struct invocation *invocation = line->invocation;
    const char *before = invocation->explained;

    invocation->explained =
        arena_format(line->loader->arena, "%s%s%s", before ? before : "", before ? " " : "", word);
}

/* A word that is no option. */
static void read_operand(struct command_line *line, const char *word)
{
    struct invocation *invocation = line->invocation;
    struct origin origin = {NULL, 0, 0};

    if (invocation->command == COMMAND_EXPLAIN) {
        add_explained(line, word);
    } else if (invocation->command == COMMAND_HEALTHCHECK) {
        config_error(line->loader->errors, &origin,
                     "\"%s\": healthcheck takes no target; it asks the daemon at --listen",
                     loader_shown(line->loader, word));
    } else if (invocation->command == COMMAND_HELP && !line->loader->errors->count) {
        invocation->help = true; /* of that command */
        find_command(line, word);
    } else {
        loader_add_target(line->loader, SOURCE_OPTION, word, &origin);
    }
}

static void read_arguments(struct command_line *line)
{
    bool options = true;

    read_command(line);
    while (line->at < line->argc) {
        const char *argument = line->argv[line->at++];
        struct origin origin = {NULL, 0, 0};
        if (options && strcmp(argument, "--") == 0)
            options = false;
        else if (options && strcmp(argument, "-h") == 0)
            line->invocation->help = true;
        else if (options && strncmp(argument, "--", 2) == 0)
            read_option(line, argument);
        else if (options && argument[0] == '-' && argument[1])
            config_error(line->loader->errors, &origin, "%s: unknown option; see --help", argument);
        else
            read_operand(line, argument);
    }
}

static bool needs_settings(const struct invocation *invocation)
{
    if (invocation->help || invocation->command == COMMAND_HELP ||
        invocation->command == COMMAND_VERSION)
        return false;
    return !(invocation->command == COMMAND_CHECK && invocation->replay_file);
}

/* A report has its own targets and settings: what else is asked for must not be lost in silence. */
static void refuse_beside_replay(struct loader *loader)
{
    for (size_t i = 0; i < loader->assignment_count; i++)
        if (loader->assignments[i].source == SOURCE_OPTION)
            config_error(loader->errors, &loader->assignments[i].origin,
                         "not beside --replay, which takes the settings of the report");
    for (size_t i = 0; i < loader->target_count; i++)
        if (loader->targets[i].source == SOURCE_OPTION)
            config_error(
                loader->errors, NULL,
                "target \"%s\": not beside --replay, which takes the targets of the report",
                loader_shown(loader, loader->targets[i].value));
}

static bool needs_targets(enum command command)
{
    return command == COMMAND_CHECK || command == COMMAND_RUN || command == COMMAND_WAIT;
}

/* No run of a wait outlasts it, so that its last one ends in time with a verdict. */
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
    read_environment(&loader, ret_invocation, environment);
    read_arguments(&line);
    if (needs_settings(ret_invocation)) {
        if (ret_invocation->config_file)
            yaml_file_read(&loader, ret_invocation->config_file);
        settings = loader_finish(&loader);
    } else {
        if (ret_invocation->command == COMMAND_CHECK && !ret_invocation->help)
            refuse_beside_replay(&loader);
        if (arena_failed(loader.arena)) /* an option may have been left out */
            config_error(errors, NULL, "out of memory");
    }
    if (settings && !settings->target_count && needs_targets(ret_invocation->command)) {
        config_error(errors, NULL,
                     "no target: name one, or set targets in the file or "
                     "TCR_PROBE_TARGETS");
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
