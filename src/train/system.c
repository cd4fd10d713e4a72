/* SPDX-License-Identifier: BSD-3-Clause
 * system.c - what this machine and this build are, and what would be slow. */
#include "epochal/model.h"
#include "epochal/system.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/threads.h"
#include "epochal/version.h"
#include "formats/fits.h"
#include "image/photometry.h"
#include "nn/net.h"
#include "store/store.h"
#include "train/system.h"

typedef struct fact_list {
    epo_system_fact *facts;
    size_t capacity, count;
} fact_list;

static void add(fact_list *list, const char *name, const char *value, const char *advice)
{
    if (list->count < list->capacity) {
        epo_system_fact *f = &list->facts[list->count];
        snprintf(f->name, sizeof f->name, "%s", name);
        snprintf(f->value, sizeof f->value, "%s", value);
        snprintf(f->advice, sizeof f->advice, "%s", advice);
    }
    list->count++;
}

int epo_system_threads(void)
{
    return epo__threads(0);
}

epo_status epo_system_matrix_rate(int threads, double *rate)
{
    return epo__nn_matrix_rate(epo__threads(threads), rate);
}

void epo__processor_name(char *out, size_t size)
{
    char line[256];
    snprintf(out, size, "unknown");
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        snprintf(out, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
        break;
    }
    fclose(file);
}

static void processor(fact_list *list)
{
    char name[128], features[128] = "", threads[64];
    epo__processor_name(name, sizeof name);
    add(list, "processor", name, "");
    const struct {
        const char *word;
        int has;
    } known[] = {{"AVX2", __builtin_cpu_supports("avx2")},
                 {"FMA", __builtin_cpu_supports("fma")},
                 {"AVX-512", __builtin_cpu_supports("avx512f")},
                 {"AVX-512 VNNI", __builtin_cpu_supports("avx512vnni")},
                 {"AVX-512 bf16", __builtin_cpu_supports("avx512bf16")}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].has) snprintf(features + strlen(features), sizeof features - strlen(features), "%s%s", features[0] ? ", " : "", known[i].word);
    add(list, "vector units", features[0] ? features : "none that is used",
        __builtin_cpu_supports("avx2") ? "" : "without AVX2 everything runs several times slower: use a processor from 2014 or later");
    int usable = epo__threads(0);
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    snprintf(threads, sizeof threads, "%d of %ld processors", usable, online);
    add(list, "threads", threads, usable < online ? "this process may not use all processors (taskset, or a container's limit)" : "");
}

static void memory(fact_list *list)
{
    char text[64];
    double gib = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / (1024.0 * 1024 * 1024);
    snprintf(text, sizeof text, "%.1f GiB", gib);
    add(list, "memory", text, gib < 1 ? "under 1 GiB: score with --batch 8" : "");
}

static void libraries(fact_list *list)
{
    epo__nn_info nn;
    char text[160], fits[16];
    epo__nn_get_info(&nn);
    snprintf(text, sizeof text, "%s, %s, %s", nn.onednn_version, nn.onednn_isa, nn.onednn_runtime);
    add(list, "oneDNN", text,
        getenv("ONEDNN_MAX_CPU_ISA") || getenv("DNNL_MAX_CPU_ISA") ? "ONEDNN_MAX_CPU_ISA limits the instructions used: unset it" : "");
    snprintf(text, sizeof text, "f32%s%s", epo_precision_is_fast(EPO_PRECISION_BF16) ? ", bf16" : "",
             epo_precision_is_fast(EPO_PRECISION_INT8) ? ", int8" : "");
    add(list, "fast precisions", text, "");
    add(list, "OpenBLAS", nn.blas_version, "");
    bool old_core = __builtin_cpu_supports("avx512f") && (strcmp(nn.blas_core, "Haswell") == 0 || strcmp(nn.blas_core, "Zen") == 0);
    const char *forced = getenv("OPENBLAS_CORETYPE");
    add(list, "OpenBLAS core", nn.blas_core,
        old_core && forced ? "OPENBLAS_CORETYPE asks for AVX2 only (half speed): export OPENBLAS_CORETYPE=SkylakeX"
        : old_core ? "OpenBLAS does not know this processor and uses AVX2 only (half speed): export OPENBLAS_CORETYPE=SkylakeX" : "");
    add(list, "OpenBLAS threads", nn.blas_threading,
        strcmp(nn.blas_threading, "pthread") == 0 ? "this build has threads of its own, which fight with oneDNN's: apt-get install libopenblas0-openmp, "
                                                    "or export OPENBLAS_NUM_THREADS=1"
                                                  : "");
    epo__fits_version(fits);
    add(list, "cfitsio", fits, "");
    add(list, "SQLite", epo__store_engine(), "");
    add(list, "SEP", epo__photometry_engine(), "");
}

static void environment(fact_list *list)
{
    const char *omp = getenv("OMP_NUM_THREADS"), *verbose = getenv("ONEDNN_VERBOSE") ? getenv("ONEDNN_VERBOSE") : getenv("DNNL_VERBOSE");
    if (omp) add(list, "OMP_NUM_THREADS", omp, "");
    if (verbose) add(list, "ONEDNN_VERBOSE", verbose, strcmp(verbose, "0") != 0 ? "oneDNN then prints to standard output, among the results: unset it" : "");
}

size_t epo_system_facts(epo_system_fact *facts, size_t capacity)
{
    fact_list list = {.facts = facts, .capacity = capacity};
    add(&list, "Epochal", EPO_VERSION_STRING, "");
    processor(&list);
    memory(&list);
    libraries(&list);
    environment(&list);
    return list.count;
}
