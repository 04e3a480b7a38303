/* SPDX-License-Identifier: MIT */
/* Runs a fuzz target over files and folders of files, in builds that have no libFuzzer. */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#define INPUT_LIMIT ((size_t)1024 * 1024)
#define PATH_LIMIT  4096

static unsigned inputs;

static void replay_file(const char *path)
{
    FILE *file = fopen(path, "re");
    uint8_t *bytes = malloc(INPUT_LIMIT);

    if (!file || !bytes) {
        perror(path);
        exit(1);
    }
    size_t size = fread(bytes, 1, INPUT_LIMIT, file);
    fclose(file);
    uint8_t *exact = malloc(size ? size : 1); /* so that a sanitizer sees the very end */
    if (!exact)
        exit(1);
    memcpy(exact, bytes, size);
    free(bytes);
    fprintf(stderr, "%s\n", path); /* the last line names the input that crashed */
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    inputs++;
}

static void replay(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    char inner[PATH_LIMIT];

    if (!folder) {
        replay_file(path);
        return;
    }
    while ((entry = readdir(folder))) {
        snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.')
            replay(inner);
    }
    closedir(folder);
}

int main(int count, char **arguments)
{
    if (LLVMFuzzerInitialize(&count, &arguments))
        return 1;
    for (int i = 1; i < count; i++)
        replay(arguments[i]);
    printf("%u inputs\n", inputs);
    return inputs ? 0 : 1;
}
