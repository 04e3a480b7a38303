/* SPDX-License-Identifier: MIT */
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
#include "probes/diagnosis/catalogue.h"

#define LISTED_COMMANDS COMMAND_VERSION /* all before it; `--version` is the option */

static bool is_file(const char *value)
{
    return strcmp(value, "FILE") == 0;
}

/* True if the value is one of the words that it lists, e.g. "text|json". */
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

/* Prints `before` and the word for every cause that `explain` has a page for. */
static void print_causes(const char *before)
{
    for (int i = 0; i < CAUSE_COUNT; i++)
        printf("%s%s", i ? before : "", cause_name((enum cause)i));
}

/* ---- bash ---- */

static void print_bash_words(void)
{
    struct option_words option;

    fputs("    if ((COMP_CWORD == 1)) && [[ $word != -* ]]; then\n        choices='", stdout);
    for (int i = 0; i < LISTED_COMMANDS; i++)
        printf("%s%s", i ? " " : "", command_table[i].name);
    puts("'\n    elif [[ $word == -* ]]; then\n        case ${COMP_WORDS[1]} in");
    for (int command = 0; command < LISTED_COMMANDS; command++) {
        bool other = command == COMMAND_HELP;
        printf("        %s) choices='", other ? "*" : command_table[command].name);
        for (size_t i = 0; option_at(i, &option); i++)
            if (option.commands & (1u << command))
                printf(" --%s", option.option);
        puts("' ;;");
    }
    fputs("        esac\n    elif [[ ${COMP_WORDS[1]} == help ]]; then\n        choices='", stdout);
    for (int i = 0; i < COMMAND_HELP; i++)
        printf("%s%s", i ? " " : "", command_table[i].name);
    fputs("'\n    elif [[ ${COMP_WORDS[1]} == explain ]]; then\n        choices='", stdout);
    print_causes(" ");
    puts("'\n    fi");
}

static void print_bash(void)
{
    struct option_words option;

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
    for (size_t i = 0; option_at(i, &option); i++) {
        if (!option.value)
            continue;
        if (option.letter)
            printf("    -%c|--%s)\n", option.letter, option.option);
        else
            printf("    --%s)\n", option.option);
        if (is_file(option.value)) {
            puts("        compopt -o filenames 2>/dev/null");
            puts("        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")");
        } else if (is_choice(option.value)) {
            fputs("        mapfile -t COMPREPLY < <(compgen -W '", stdout);
            print_escaped(option.value, "", "", true);
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
    struct option_words option;

    puts("#compdef tcr-probe\n"
         "# zsh completion of tcr-probe, generated from its tables of options.\n"
         "local -a commands=(");
    for (int i = 0; i < LISTED_COMMANDS; i++) {
        printf("  '%s:", command_table[i].name);
        print_quoted(command_table[i].help);
        puts("'");
    }
    fputs(")\nlocal -a causes=(", stdout);
    print_causes(" ");
    puts(")\nif ((CURRENT == 2)) && [[ ${words[2]} != -* ]]; then\n"
         "  _describe command commands\n  return\nfi\ncase ${words[2]} in");
    for (int command = 0; command < LISTED_COMMANDS; command++) {
        printf("%s)\n  _arguments '1: :' \\\n",
               command == COMMAND_HELP ? "*" : command_table[command].name);
        for (size_t i = 0; option_at(i, &option); i++)
            if (option.commands & (1u << command))
                print_zsh_option(&option);
        switch (command_table[command].operands) {
        case OPERANDS_TEXT:
            puts("  '*:cause:($causes)'");
            break;
        case OPERANDS_COMMAND:
            puts("  '2:command:{_describe command commands}'");
            break;
        case OPERANDS_POD:
            puts("  '2:pod: '");
            break;
        case OPERANDS_TARGETS:
            puts("  '*:target: '");
            break;
        case OPERANDS_NONE:
            puts("  && return");
            break;
        }
        puts("  ;;");
    }
    puts("esac");
}

/* ---- fish ---- */

static void print_fish_option(const struct option_words *option)
{
    fputs("complete -c tcr-probe -n '__fish_seen_subcommand_from", stdout);
    for (int i = 0; i < COMMAND_HELP; i++)
        if (option->commands & (1u << i))
            printf(" %s", command_table[i].name);
    printf("' -l %s", option->option);
    if (option->letter)
        printf(" -s %c", option->letter);
    if (option->value && is_file(option->value)) {
        fputs(" -r -F", stdout);
    } else if (option->value) {
        fputs(" -x", stdout);
        if (is_choice(option->value)) {
            fputs(" -a '", stdout);
            print_escaped(option->value, "", "", true);
            putchar('\'');
        }
    }
    fputs(" -d '", stdout);
    print_escaped(option->help, "'\\", "\\", false);
    puts("'");
}

static void print_fish(void)
{
    struct option_words option;

    puts("# fish completion of tcr-probe, generated from its tables of options.\n"
         "complete -c tcr-probe -f");
    for (int i = 0; i < LISTED_COMMANDS; i++) {
        printf("complete -c tcr-probe -n __fish_use_subcommand -a %s -d '", command_table[i].name);
        print_escaped(command_table[i].help, "'\\", "\\", false);
        puts("'");
    }
    fputs("complete -c tcr-probe -n '__fish_seen_subcommand_from help' -a '", stdout);
    for (int i = 0; i < COMMAND_HELP; i++)
        printf("%s%s", i ? " " : "", command_table[i].name);
    fputs("'\ncomplete -c tcr-probe -n '__fish_seen_subcommand_from explain' -a '", stdout);
    print_causes(" ");
    puts("'");
    for (size_t i = 0; option_at(i, &option); i++)
        print_fish_option(&option);
}

/* ---- manual ---- */

#define LINE_SIZE 1024

static void print_roff(const char *text)
{
    print_escaped(text, "-\\", "\\", false);
}

static void print_roff_option(const struct option_words *option)
{
    char room[80] = "";
    struct text commands = TEXT_IN(room);

    puts(".TP");
    if (option->letter)
        printf(".BR \\-%c \" , \" ", option->letter);
    else
        fputs(".BR ", stdout);
    fputs("\\-\\-", stdout);
    print_roff(option->option);
    if (option->value) {
        fputs(" \" \" \\fI", stdout);
        print_roff(option->value);
        fputs("\\fP", stdout);
    }
    putchar('\n');
    print_roff(option->help);
    if (option->list)
        fputs(" (may be given again)", stdout);
    if (option->standard) {
        fputs(" [", stdout);
        print_roff(option->standard);
        putchar(']');
    }
    command_list(option->commands, &commands);
    if ((option->commands & (FOR_ALL >> 2)) == FOR_ALL >> 2)
        puts(".");
    else
        printf(".\nTaken by %s.\n", text_string(&commands));
}

static void print_manual(void)
{
    char line[LINE_SIZE];
    struct option_words option;

    while (fgets(line, sizeof(line), stdin)) {
        if (strcmp(line, ".\\\" OPTIONS\n") != 0) {
            fputs(line, stdout);
            continue;
        }
        for (size_t i = 0; option_at(i, &option); i++)
            print_roff_option(&option);
    }
}

/* ---- tables ---- */

static const char *or_dash(const char *text)
{
    return text ? text : "-";
}

/* Commands with commas between them. */
static void print_commands(unsigned commands)
{
    const char *before = "\t";

    for (int i = 0; i < LISTED_COMMANDS; i++) {
        if (!(commands & (1u << i)))
            continue;
        printf("%s%s", before, command_table[i].name);
        before = ",";
    }
    putchar('\n');
}

/*
 *   command  NAME
 *   option   OPTION VARIABLE VALUE COMMANDS           of the program itself
 *   key      PATH OPTION VARIABLE VALUE DEFAULT LIST COMMANDS
 *   target   PATH                                     in an entry of targets
 *   cause    ID
 */
static void print_table(void)
{
    char variable[SCHEMA_VARIABLE_SIZE];
    struct option_words option;

    for (int i = 0; i < LISTED_COMMANDS; i++)
        printf("command\t%s\n", command_table[i].name);
    for (size_t i = 0; option_at(i, &option); i++) {
        schema_variable(option.option, variable);
        if (option.path)
            printf("key\t%s\t%s\t%s\t%s\t%s\t%s", option.path, option.option, variable,
                   or_dash(option.value), or_dash(option.standard), option.list ? "list" : "-");
        else
            printf("option\t%s\t%s\t%s", option.option, option.variable ? variable : "-",
                   or_dash(option.value));
        print_commands(option.commands);
    }
    puts("target\tregistry\ntarget\timages");
    const struct schema_key *key;
    for (size_t i = 0; (key = schema_target_key(i)); i++)
        printf("target\t%s\n", key->path);
    fputs("cause\t", stdout);
    print_causes("\ncause\t");
    putchar('\n');
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
