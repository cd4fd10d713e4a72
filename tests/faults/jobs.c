/* SPDX-License-Identifier: BSD-3-Clause
 * jobs.c - small jobs, and the children that run them.
 *
 * The parent never calls the library, so that each child begins as a fresh process does. There are two folders: `first` has the
 * files as they are before any job, `work` is where jobs run, and
 * `done` what they made. */
#include "faults/jobs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/avromake.h"
#include "support/check.h"
#include "support/fitsmake.h"
#include "support/npymake.h"

int epochal_main(int argc, char **argv);

enum { MOST_WORDS = 40, SECONDS = 60, SIDE = 16 };

const job jobs[] = {
    {"models --net seq.net --init out.init", true},
    {"models --model seq.safetensors", false},
    {"card seq.safetensors", false},
    {"card seq.safetensors --note limits=none --write out.card", false},
    {"card rb0.safetensors --note limits=none --write out.card", false},
    {"info --db s.db", true},
    {"info --db s.db --check", false},
    {"split --db s.db --name other --fractions 0.5,0.5", true},
    {"split --db s.db --name listed --from parts.csv", false},
    {"import --db new.db --format tao tao", true},
    {"import --db new.db --format stamps stamps", true},
    {"import --db new.db --format autoscan --real-label 0 des", true},
    {"import --db new.db --format ztf alerts.avro", true},
    {"import --db new.db --format cube --array x --frames nframes --times mjd --labels label --names names seq.npz", true},
    {"import --db new.db --format cube cube.npy", false},
    {"import --db new.db --format lightcurves points.csv", true},
    {"import --db s.db --format lightcurves points.csv", false},
    {"photometry --db s.db --threads 1", true},
    {"features --db s.db --method given --threads 1", false},
    {"features points.csv --threads 1", false},
    {"forest train --db s.db --split main --method given --out out.forest --trees 3 --threads 1", true},
    {"forest train --db s.db --split main --method given --scores seq.safetensors --light-curves --out out.forest --trees 2 --threads 1", false},
    {"forest train --features table.csv --out out.forest --trees 3 --threads 1", false},
    {"forest evaluate --db s.db --split main --model forest.safetensors --threads 1", false},
    {"forest predict --features table.csv --model forest.safetensors --threads 1", false},
    {"forest importances --db s.db --split main:train --model forest.safetensors --threads 1", false},
    {"classify --db s.db --model forest.safetensors --threads 1", false},
    {"classify --db s.db --model seq0.safetensors --threads 1", false},
    {"classify --db s.db --model seq.safetensors --threads 1", false},
    {"classify --db s.db --model seq0.safetensors --encodings keep --threads 1", false},
    {"classify --db s.db --model dense.safetensors --threads 1", false}, /* whose encodings are kept */
    {"classify --db s.db --model seq.safetensors --mc-passes 3 --threads 1", false},
    {"classify --db s.db --model dense.safetensors --precision bf16 --threads 1", false},
    {"classify --db s.db --model dense.safetensors --precision int8 --threads 1", false},
    {"score --db rb.db --model rb.safetensors --threads 1", false},
    {"score --db rb.db --model rb0.safetensors --threads 1", false},
    {"score --model rb.safetensors --threads 1 alerts.avro cube.npy stamps", false},
    {"score --model rb0.safetensors --threads 1 stamps", true},
    {"score --model rb.safetensors --mc-passes 3 --threads 1 stamps", false},
    {"evaluate --db s.db --model seq.safetensors --bootstrap 20", false},
    {"evaluate --db s.db --model seq.safetensors --confusion", false},
    {"evaluate --db rb.db --model rb0.safetensors --bootstrap 20", false},
    {"evaluate --db rb.db --model rb0.safetensors --bootstrap 20 --report out.html", false},
    {"evaluate --db s.db --model seq.safetensors --bootstrap 20 --report out.html", false},
    {"calibrate --db rb.db --model rb0.safetensors --split main:validation --out out.cal", false},
    {"review --db rb.db --model rb0.safetensors", false},
    {"review --db rb.db --model rb.safetensors --summary", false},
    {"relabel --db rb.db --object C1-000001 --class bogus --who anna --why spike", true},
    {"relabel --db rb.db --from votes.csv --vote --who bob --why round", false},
    {"relabel --db rb.db --list", false},
    {"export --db rb.db --format otrain --side 8 --out out.npz", true},
    {"export --db s.db --format npz-sequences --side 8 --out out.npz", false},
    {"export --db s.db --format csv --table photometry --out out.csv", true},
    {"export --db s.db --format csv --table scores --out out.csv", false},
    {"export --db s.db --format csv --table labels --out out.csv", false},
    {"export --db s.db --format regions --out out.reg", false},
    {"explain --db rb.db --model rb.safetensors --limit 2 --out maps", false},
    {"explain --db s.db --model seq.safetensors --limit 1 --out maps", false},
    {"explain --model rb.safetensors --method gradcam --out maps stamps", false},
    {"simulate --db new.db --objects 2 --nights 3 --visits 1 --side 16 --classes SN=1,NON=1 --field-objects 1 --light-curves --threads 1", false},
    {"simulate --db new.db --real-bogus 4 --side 16 --threads 1", false},
    {"augment --db rb.db --out-survey syn --class bogus --number 2 --snr 5,100 --threads 1", false},
    {"train --db rb.db --split main --net rb.net --task realbogus --out out.model --epochs 1 --batch 4 --threads 1", false},
    {"train --db s.db --split main --net seq.net --out out.model --epochs 1 --batch 4 --nights 6 --threads 1", false},
    {"train --db s.db --split main --net dense.net --stage encoder --precision bf16 --out out.model --epochs 1 --batch 4 --nights 6 --threads 1", false},
    {"finetune --db s.db --split main --from seq.safetensors --task transient-vs-non --freeze encoder --out out.model --epochs 1 --nights 6 --threads 1", false},
    {"sizes --db rb.db --split main --net rb.net --task realbogus --sizes 0.5,1 --epochs 1 --out out.model --threads 1", false},
    {"bench stamp --model rb.safetensors --rounds 2 --threads 1", false},
    {"config", false},
    {"version", false},
    {"help import", false},
    {"help --man score", false},
    {"help --completion", false},
};
const size_t job_count = sizeof jobs / sizeof *jobs;

static const char rb_net[] = "network tinyrb\ninput planes=1 size=8\nnormalise zscore scope=plane\nencoder\n    conv 2 kernel=3 pad=same\n    relu\n"
                             "    dropout 0.2\n    flatten\nstamp planes=science classes=bogus,real\n    linear 1\n    sigmoid\n";
static const char seq_net[] = "network tiny\ninput planes=3 size=8\nfusion early\nnormalise asinh scope=sequence\npad centre value=0\n"
                              "encoder\n    conv 2 kernel=3 pad=same\n    batchnorm\n    relu\n    dropout 0.2\n    gap\n"
                              "triplet classes=SN,CV,NON\n    linear classes\n    softmax\n"
                              "sequence nights=3 dates=off classes=SN,CV,NON\n    gru 2 layers=1 output=sum\n    linear classes\n    softmax\n";
/* With all that there is in narrow numbers. */
static const char dense_net[] = "network tinydense\ninput planes=3 size=8\nfusion early\nnormalise asinh scope=sequence\npad centre value=0\n"
                              "encoder\n    conv 8 kernel=3 pad=same\n    dense layers=1 growth=8 bottleneck=1\n    transition\n    conv 8 kernel=3\n    relu\n    gap\n"
                              "triplet classes=SN,CV,NON\n    linear classes\n    softmax\n"
                              "sequence nights=3 dates=off classes=SN,CV,NON\n    gru 2 layers=1 output=sum\n    linear classes\n    softmax\n";

static char *first, *work, *done;

/* --- the folder ------------------------------------------------------------------------------------------------------------ */

static void image(fm_file *f, float level)
{
    float values[SIDE * SIDE];
    for (int i = 0; i < SIDE * SIDE; i++) values[i] = level + (float)(i * 37 % 101);
    fm_image(f, -32, SIDE, SIDE, values, NULL);
}

static void save_stamp(const char *name, float level)
{
    fm_file f = {0}, gz = {0};
    image(&f, level);
    if (strstr(name, ".gz")) fm_gzip(&f, &gz);
    fm_save(gz.size ? &gz : &f, temp_path(first, name));
    fm_free(&f);
    fm_free(&gz);
}

static void save_alerts(void)
{
    fm_file fits = {0}, gz = {0}, records = {0}, f = {0};
    image(&fits, 3);
    fm_gzip(&fits, &gz);
    for (int i = 1; i <= 2; i++) avro_alert(&records, i, gz.data, gz.size);
    avro_head(&f);
    avro_block(&f, 2, (int64_t)records.size, &records);
    fm_save(&f, temp_path(first, "alerts.avro"));
    fm_free(&fits);
    fm_free(&gz);
    fm_free(&records);
    fm_free(&f);
}

static void save_tao(void)
{
    static const char *const names[] = {"HDU_Ext", "Set_Number", "Date", "MJD", "Field_ID", "Obs_In_Seq", "Cutout"};
    static const char *const forms[] = {"J", "2A", "7A", "D", "6A", "4A", "4A"};
    static const char *const cells[] = {"2", "01", "08JAN01", "54466.25", "N20049", "0001", "3201", "3", "01", "08JAN02", "54467.25", "N20049", "0001", "3201"};
    fm_file f = {0};
    fm_primary(&f, NULL);
    fm_table(&f, 7, names, forms, 2, cells, "CRTS_ID = 'CSS0'");
    image(&f, 1);
    image(&f, 2);
    fm_save(&f, temp_path(first, "tao/SN/CSS0.fits"));
    fm_free(&f);
}

static void save_text(const char *name, const char *text)
{
    write_file(temp_path(first, name), text, strlen(text));
}

static void save_inputs(void)
{
    static const char *const folders[] = {"tao", "tao/SN", "stamps", "des"};
    static const char *const outs[] = {"out.init", "out.card", "out.forest", "out.html", "out.cal", "out.npz", "out.csv", "out.reg", "out.model"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) assert_int_equal(mkdir(temp_path(first, folders[i]), 0777), 0);
    for (size_t i = 0; i < sizeof outs / sizeof *outs; i++) save_text(outs[i], "what was there before\n");
    save_text("rb.net", rb_net);
    save_text("seq.net", seq_net);
    save_text("dense.net", dense_net);
    save_text("parts.csv", "object,part\nS1-000000,train\nS1-000001,test\n");
    save_text("votes.csv", "object,class\nC1-000001,bogus\nC1-000002,real\n");
    save_text("table.csv", "id,class,a,b\n1,x,0.5,2\n2,y,1.5,\n3,x,0.25,1\n4,y,2,0.125\n");
    save_text("des/labels.csv", "ID,OBJECT_TYPE\n5,0\n");
    save_stamp("des/temp5.fits", 1);
    save_stamp("des/srch5.fits", 2);
    save_stamp("des/diff5.fits", 3);
    save_stamp("stamps/a.fits", 4);
    save_stamp("stamps/b.fits.gz", 5);
    save_alerts();
    save_tao();
    float values[2 * SIDE * SIDE];
    for (int i = 0; i < 2 * SIDE * SIDE; i++) values[i] = (float)(i * 31 % 103);
    npy_save(temp_path(first, "cube.npy"), "'<f4'", "False", "(2, 16, 16)", values, sizeof values);
}

/* `to` becomes a copy of the folder `from`. */
static void copy_folder(const char *from, const char *to)
{
    char line[2048];
    snprintf(line, sizeof line, "rm -rf '%s' && cp -a '%s' '%s'", to, from, to);
    if (system(line) != 0) fail_msg("%s", line);
}

int jobs_begin(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "simulate --db s.db --objects 9 --nights 6 --visits 1 --side 16 --classes SN=1,CV=1,NON=1 --field-objects 1 --light-curves --threads 1",
        "split --db s.db --name main --fractions 0.4,0.3,0.3",
        "train --db s.db --split main --net seq.net --out seq.safetensors --epochs 1 --batch 4 --nights 6 --threads 1",
        "classify --db s.db --model seq.safetensors --threads 1",
        "simulate --db rb.db --real-bogus 12 --side 16 --threads 1",
        "split --db rb.db --name main --fractions 0.4,0.6",
        "train --db rb.db --split main --net rb.net --task realbogus --out rb.safetensors --epochs 1 --batch 4 --threads 1",
        "score --db rb.db --model rb.safetensors --threads 1",
        "export --db s.db --format npz-sequences --side 8 --out seq.npz",
        "forest train --db s.db --split main --method given --out forest.safetensors --trees 3 --threads 1",
        /* without the record of a training, whose many values are many allocations */
        "models --net rb.net --init rb0.safetensors",
        "models --net seq.net --init seq0.safetensors",
        "models --net dense.net --init dense.safetensors",
        "classify --db s.db --model dense.safetensors --encodings keep --threads 1",
        "score --db rb.db --model rb0.safetensors --threads 1",
    };
    setenv("OMP_NUM_THREADS", "1", 1);
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    first = temp_make();
    work = temp_make();
    done = temp_make();
    save_inputs();
    copy_folder(first, work);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        job_result r = job_run(lines[i], NULL);
        if (r.status != 0 && r.status != 3) fail_msg("epochal %s: exit status %d: %s", lines[i], r.status, r.err);
        job_free(&r);
        copy_folder(work, first);
    }
    save_text("points.csv", "id,class,mjd,mag,mag_err\n100,SN,53650.5,16.5,0.1\n100,SN,53651.5,17.25,0.125\n100,SN,53653.5,17,0.1\n7,CV,53650.25,18.5,0.25\n");
    copy_folder(first, work);
    return 0;
}

int jobs_end(void **state)
{
    (void)state;
    temp_remove(first);
    temp_remove(work);
    temp_remove(done);
    return 0;
}

const char *jobs_folder(void)
{
    return work;
}

bool jobs_long(void)
{
    const char *form = getenv("EPOCHAL_FAULTS");
    return form && strcmp(form, "long") == 0;
}

bool jobs_mine(size_t i)
{
    const char *part = getenv("EPOCHAL_FAULTS_PART"), *slash = part ? strchr(part, '/') : NULL;
    return !slash || i % strtoul(slash + 1, NULL, 10) == strtoul(part, NULL, 10) - 1;
}

/* --- running ---------------------------------------------------------------------------------------------------------------- */

/* The words of a line, in `copy`. */
static int split_words(char *copy, char **words)
{
    static char program[] = "epochal";
    int count = 0;
    words[count++] = program;
    for (char *at = copy, *word; (word = strsep(&at, " ")) != NULL;)
        if (*word && count < MOST_WORDS - 1) words[count++] = word;
    words[count] = NULL;
    return count;
}

/* Calls `each` with every word that may be a file. */
static void each_file(const char *line, void (*each)(const char *name, void *context), void *context)
{
    char *words[MOST_WORDS], copy[1024];
    snprintf(copy, sizeof copy, "%s", line);
    const int count = split_words(copy, words);
    for (int i = 1; i < count; i++)
        if (strchr(words[i], '.') && (words[i][0] < '0' || words[i][0] > '9')) each(words[i], context);
}

static bool ends(const char *name, const char *ending)
{
    const size_t n = strlen(name), e = strlen(ending);
    return n >= e && strcmp(name + n - e, ending) == 0;
}

static void restore(const char *name, void *context)
{
    (void)context;
    struct stat there;
    const char *to = temp_path(work, name), *from = temp_path(first, name);
    if (stat(from, &there) == 0 && S_ISREG(there.st_mode)) {
        size_t size;
        unsigned char *bytes = read_file(from, &size);
        write_file(to, bytes, size);
        free(bytes);
    } else {
        unlink(to);
    }
    if (ends(name, ".db")) {
        char beside[1200];
        snprintf(beside, sizeof beside, "%s-wal", to);
        unlink(beside);
        snprintf(beside, sizeof beside, "%s-shm", to);
        unlink(beside);
    }
}

static char *whole_text(const char *path)
{
    size_t size;
    return (char *)read_file(path, &size);
}

/* What time it is must not make a difference between two runs. */
static void mask_times(char *text)
{
    static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
    for (; *text; text++) {
        size_t i = 0;
        while (shape[i] && (shape[i] == 'd' ? text[i] >= '0' && text[i] <= '9' : text[i] == shape[i])) i++;
        if (!shape[i]) memset(text, '#', sizeof shape - 1);
    }
}

job_result job_run(const char *line, const job_hooks *hooks)
{
    static const job_hooks none;
    if (!hooks) hooks = &none;
    char *words[MOST_WORDS], copy[1024], out[600], err[600];
    snprintf(copy, sizeof copy, "%s", line);
    const int count = split_words(copy, words);
    each_file(line, restore, NULL);
    snprintf(out, sizeof out, "%s.out", work);
    snprintf(err, sizeof err, "%s.err", work);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const int files[] = {open("/dev/null", O_RDONLY), open(hooks->stdout_to ? hooks->stdout_to : out, O_WRONLY | O_CREAT | O_TRUNC, 0666),
                             open(err, O_WRONLY | O_CREAT | O_TRUNC, 0666)};
        for (int i = 0; i < 3; i++)
            if (dup2(files[i], i) != i) _exit(99);
        for (int i = 0; i < 3; i++)
            if (files[i] > 2) close(files[i]);
        if (chdir(work) != 0) _exit(99);
        alarm(SECONDS);
        if (hooks->before) hooks->before(hooks->context);
        const int status = epochal_main(count, words);
        fflush(NULL);
        if (hooks->after) hooks->after(hooks->context);
        _exit(status);
    }
    if (hooks->meanwhile) hooks->meanwhile(hooks->context, child);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    job_result r = {.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
    r.out = hooks->stdout_to ? strdup("") : whole_text(out);
    r.err = whole_text(err);
    mask_times(r.out);
    unlink(out);
    unlink(err);
    return r;
}

bool job_same(const char *line, const job_result *a, const job_result *b)
{
    return a->status == b->status && (strncmp(line, "bench ", 6) == 0 || strcmp(a->out, b->out) == 0);
}

void job_free(job_result *result)
{
    free(result->out);
    free(result->err);
    *result = (job_result){0};
}

/* --- what is left ------------------------------------------------------------------------------------------------------------ */

static char damage[1500];

static bool same_bytes(const char *a, const char *b)
{
    struct stat x, y;
    size_t size, other;
    if (stat(a, &x) != 0 || stat(b, &y) != 0 || x.st_size != y.st_size) return false;
    unsigned char *one = read_file(a, &size), *two = read_file(b, &other);
    const bool same = size == other && memcmp(one, two, size) == 0;
    free(one);
    free(two);
    return same;
}

static void remember(const char *name, void *context)
{
    (void)context;
    size_t size;
    const char *made = temp_path(work, name);
    if (strncmp(name, "out.", 4) != 0 || access(made, F_OK) != 0) return;
    unsigned char *bytes = read_file(made, &size);
    write_file(temp_path(done, name), bytes, size);
    free(bytes);
}

void job_remember(const char *line)
{
    each_file(line, remember, NULL);
}

static void look(const char *name, void *context)
{
    (void)context;
    char path[600], was[600], log[700];
    snprintf(path, sizeof path, "%s/%s", work, name);
    snprintf(was, sizeof was, "%s/%s", first, name);
    if (strncmp(name, "out.", 4) == 0 && !same_bytes(path, was) && !same_bytes(path, temp_path(done, name)))
        snprintf(damage, sizeof damage, "%s is neither what it was nor what it becomes", name);
    if (!ends(name, ".db") || access(path, F_OK) != 0) return;
    snprintf(log, sizeof log, "%s-wal", path);
    if (same_bytes(path, was) && access(log, F_OK) != 0) return;
    /* a child again: SQLite must stay asleep in this process */
    char line[800];
    snprintf(line, sizeof line, "info --check --output csv --db ./%s", name);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char *words[MOST_WORDS], err[600];
        const int count = split_words(line, words);
        snprintf(err, sizeof err, "%s.check", work);
        if (chdir(work) != 0 || !freopen("/dev/null", "w", stdout) || !freopen(err, "w", stderr)) _exit(99);
        alarm(SECONDS);
        const int status = epochal_main(count, words);
        fflush(NULL);
        _exit(status);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    snprintf(log, sizeof log, "%s.check", work);
    char *text = whole_text(log);
    /* a store that was never made, or not to its end, is no damaged one */
    if (status != 0 && !(access(was, F_OK) != 0 && strstr(text, "not a store"))) snprintf(damage, sizeof damage, "%s is not sound: %s", name, text);
    free(text);
    unlink(log);
}

const char *job_damage(const char *line)
{
    *damage = '\0';
    each_file(line, look, NULL);
    DIR *d = opendir(work);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));)
        if (ends(e->d_name, ".tmp")) {
            snprintf(damage, sizeof damage, "%s is left", e->d_name);
            unlink(temp_path(work, e->d_name));
        }
    closedir(d);
    return *damage ? damage : NULL;
}

static void compare(const char *name, void *context)
{
    (void)context;
    if (strncmp(name, "out.", 4) == 0 && !same_bytes(temp_path(work, name), temp_path(done, name)))
        snprintf(damage, sizeof damage, "says nothing, and %s is not what it becomes", name);
}

const char *job_unfinished(const char *line)
{
    *damage = '\0';
    each_file(line, compare, NULL);
    return *damage ? damage : NULL;
}

/* --- what there is ----------------------------------------------------------------------------------------------------------- */

static FILE *list;

static int print_row(void *table, int count, char **values, char **names)
{
    (void)names;
    for (int i = 0; i < count; i++) fprintf(list, "%s %s\n", (const char *)table, values[i] ? values[i] : "NULL");
    return 0;
}

static int print_table(void *db, int count, char **values, char **names)
{
    (void)count;
    (void)names;
    char sql[300];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM \"%s\"", values[0]);
    return sqlite3_exec(db, sql, print_row, values[0], NULL);
}

static void print_file(const char *name, void *context)
{
    (void)context;
    struct stat is;
    sqlite3 *db;
    if (stat(name, &is) != 0) return;
    if (strncmp(name, "out.", 4) == 0) fprintf(list, "%s %lld\n", name, (long long)is.st_size);
    if (!ends(name, ".db") || sqlite3_open_v2(name, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) return;
    sqlite3_exec(db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name", print_table, db, NULL);
    sqlite3_close(db);
}

char *job_contents(const char *line)
{
    char path[600];
    snprintf(path, sizeof path, "%s.list", work);
    fflush(NULL);
    pid_t child = fork(); /* SQLite must stay asleep in this process */
    assert_true(child >= 0);
    if (child == 0) {
        if (chdir(work) != 0 || !(list = fopen(path, "w"))) _exit(99);
        each_file(line, print_file, NULL);
        fclose(list);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    char *text = whole_text(path);
    unlink(path);
    return text;
}
