/*
 * Build tool: the program's own tables of commands, options and keys, as a shell completion, as the
 * options of the manual (into the page on standard input, in place of the line .\" OPTIONS), or as
 * tab-separated lines that tests compare the manual and the manifests with.
 *
 *   words bash|zsh|fish|manual|table
 */

#include <stdio.h>
#include <string.h>

#include "config/invocation.h"
#include "config/schema.h"

struct option_words {
    const char *option;
    const char *value; /* NULL: takes none */
    const char *help;
    bool list;
};

static size_t option_count(void)
{
    return own_option_count + schema_key_count;
}

static struct option_words option_at(size_t i)
{
    if (i < own_option_count)
        return (struct option_words){own_options[i].option, own_options[i].value,
                                     own_options[i].help, false};
    const struct schema_key *key = &schema_keys[i - own_option_count];
    return (struct option_words){key->option, key->value, key->help, key->list};
}

static bool is_file(const char *value)
{
    return strcmp(value, "FILE") == 0;
}

/* Whether the value is one of the words it lists, e.g. "text|json". */
static bool is_choice(const char *value)
{
    return strchr(value, '|') && value[strspn(value, "abcdefghijklmnopqrstuvwxyz-|")] == '\0';
}

/* Prints with `escape` in front of each of `special`, and '|' as a blank where `split`. */
static void print_escaped(const char *text, const char *special, const char *escape, bool split)
{
    for (; *text; text++) {
        if (strchr(special, *text))
            fputs(escape, stdout);
        putchar(split && *text == '|' ? ' ' : *text);
    }
}

/* Inside single quotes of a POSIX shell. */
static void print_quoted(const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    }
}

/* ---- bash ---- */

static void print_bash_words(void)
{
    fputs("    if ((COMP_CWORD == 1)) && [[ $word != -* ]]; then\n        choices='", stdout);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (i != COMMAND_VERSION)
            printf("%s%s", i ? " " : "", command_table[i].name);
    fputs("'\n    elif [[ $word == -* ]]; then\n        choices='", stdout);
    for (size_t i = 0; i < option_count(); i++)
        printf("%s--%s", i ? " " : "", option_at(i).option);
    puts("'\n    fi");
}

static void print_bash(void)
{
    puts("# bash completion of tcr-probe, generated from its tables of options.\n"
         "_tcr_probe() {\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} choices=\n"
         "    COMPREPLY=()\n"
         "    if [[ $word == = ]]; then\n"
         "        word=\n"
         "    elif [[ $option == = ]]; then\n"
         "        option=${COMP_WORDS[COMP_CWORD - 2]}\n"
         "    fi\n"
         "    case $option in");
    for (size_t i = 0; i < option_count(); i++) {
        struct option_words words = option_at(i);
        if (!words.value)
            continue;
        printf("    --%s)\n", words.option);
        if (is_file(words.value)) {
            puts("        compopt -o filenames 2>/dev/null");
            puts("        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")");
        } else if (is_choice(words.value)) {
            fputs("        mapfile -t COMPREPLY < <(compgen -W '", stdout);
            print_escaped(words.value, "", "", true);
            puts("' -- \"$word\")");
        }
        puts("        return\n        ;;");
    }
    puts("    esac");
    print_bash_words();
    puts("    mapfile -t COMPREPLY < <(compgen -W \"$choices\" -- \"$word\")\n"
         "}\n"
         "complete -F _tcr_probe tcr-probe");
}

/* ---- zsh ---- */

static void print_zsh_option(const struct option_words *words)
{
    printf("  '%s--%s%s[", words->list ? "*" : "", words->option, words->value ? "=" : "");
    for (const char *at = words->help; *at; at++) {
        char one[2] = {*at, '\0'};
        if (strchr("[]:\\", *at))
            putchar('\\');
        print_quoted(one);
    }
    putchar(']');
    if (words->value) {
        putchar(':');
        print_escaped(words->value, "[]:\\", "\\", false);
        putchar(':');
        if (is_file(words->value)) {
            fputs("_files", stdout);
        } else if (is_choice(words->value)) {
            putchar('(');
            print_escaped(words->value, "", "", true);
            putchar(')');
        } else {
            putchar(' ');
        }
    }
    puts("' \\");
}

static void print_zsh(void)
{
    puts("#compdef tcr-probe\n"
         "# zsh completion of tcr-probe, generated from its tables of options.\n"
         "local -a commands=(");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (i == COMMAND_VERSION)
            continue;
        printf("  '%s:", command_table[i].name);
        print_quoted(command_table[i].help);
        puts("'");
    }
    puts(")\n_arguments \\");
    for (size_t i = 0; i < option_count(); i++) {
        struct option_words words = option_at(i);
        print_zsh_option(&words);
    }
    puts("  '1:command:{_describe command commands}' \\\n  '*:target: '");
}

/* ---- fish ---- */

static void print_fish(void)
{
    puts("# fish completion of tcr-probe, generated from its tables of options.\n"
         "complete -c tcr-probe -f");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (i == COMMAND_VERSION)
            continue;
        printf("complete -c tcr-probe -n __fish_use_subcommand -a %s -d '", command_table[i].name);
        print_escaped(command_table[i].help, "'\\", "\\", false);
        puts("'");
    }
    for (size_t i = 0; i < option_count(); i++) {
        struct option_words words = option_at(i);
        printf("complete -c tcr-probe -l %s", words.option);
        if (words.value && is_file(words.value)) {
            fputs(" -r -F", stdout);
        } else if (words.value) {
            fputs(" -x", stdout);
            if (is_choice(words.value)) {
                fputs(" -a '", stdout);
                print_escaped(words.value, "", "", true);
                putchar('\'');
            }
        }
        fputs(" -d '", stdout);
        print_escaped(words.help, "'\\", "\\", false);
        puts("'");
    }
}

/* ---- manual ---- */

#define LINE_SIZE 1024

static void print_roff(const char *text)
{
    print_escaped(text, "-\\", "\\", false);
}

static void print_roff_option(const struct option_words *words, const char *standard)
{
    fputs(".TP\n.BR \\-\\-", stdout);
    print_roff(words->option);
    if (words->value) {
        fputs(" \" \" \\fI", stdout);
        print_roff(words->value);
        fputs("\\fP", stdout);
    }
    putchar('\n');
    print_roff(words->help);
    if (words->list)
        fputs(" (again for more)", stdout);
    if (standard) {
        fputs(" [", stdout);
        print_roff(standard);
        putchar(']');
    }
    puts(".");
}

static void print_manual(void)
{
    char line[LINE_SIZE];

    while (fgets(line, sizeof(line), stdin)) {
        if (strcmp(line, ".\\\" OPTIONS\n") != 0) {
            fputs(line, stdout);
            continue;
        }
        for (size_t i = 0; i < option_count(); i++) {
            struct option_words words = option_at(i);
            print_roff_option(
                &words, i < own_option_count ? NULL : schema_keys[i - own_option_count].standard);
        }
    }
}

/* ---- tables ---- */

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

/*
 *   command  NAME
 *   option   OPTION VARIABLE VALUE                    of the program itself
 *   key      PATH OPTION VARIABLE VALUE DEFAULT LIST
 *   target   PATH                                     in an entry of targets
 */
static void print_table(void)
{
    char variable[SCHEMA_VARIABLE_SIZE];

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (i != COMMAND_VERSION)
            printf("command\t%s\n", command_table[i].name);
    for (size_t i = 0; i < own_option_count; i++) {
        schema_variable(own_options[i].option, variable);
        printf("option\t%s\t%s\t%s\n", own_options[i].option,
               own_options[i].variable ? variable : "-", or_dash(own_options[i].value));
    }
    for (size_t i = 0; i < schema_key_count; i++) {
        const struct schema_key *key = &schema_keys[i];
        schema_variable(key->option, variable);
        printf("key\t%s\t%s\t%s\t%s\t%s\t%s\n", key->path, key->option, variable,
               or_dash(key->value), or_dash(key->standard), key->list ? "list" : "-");
    }
    puts("target\tregistry\ntarget\timages");
    for (size_t i = 0; i < schema_target_key_count; i++)
        printf("target\t%s\n", schema_target_keys[i].path);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } forms[] = {{"manual", print_manual},
                 {"bash", print_bash},
                 {"zsh", print_zsh},
                 {"fish", print_fish},
                 {"table", print_table}};

    for (size_t i = 0; argc == 2 && i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (strcmp(argv[1], forms[i].name) != 0)
            continue;
        forms[i].print();
        return fflush(stdout) == EOF;
    }
    fputs("usage: words bash|zsh|fish|manual|table\n", stderr);
    return 3;
}
