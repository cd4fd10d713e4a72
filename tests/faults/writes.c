/* SPDX-License-Identifier: BSD-3-Clause
 * writes.c - the filter that the child puts upon itself, and the parent that answers.
 *
 * What is answered: ENOSPC to a write, EIO to an fsync, EROFS to what makes or renames a file. */
#include "faults/writes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "support/check.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#define ARCHITECTURE 0
#endif

static const struct {
    int number;
    const char *name;
    int error;
} calls[] = {
    {SYS_write, "write", ENOSPC},
    {SYS_pwrite64, "pwrite", ENOSPC},
    {SYS_writev, "writev", ENOSPC},
    {SYS_pwritev, "pwritev", ENOSPC},
    {SYS_ftruncate, "ftruncate", ENOSPC},
    {SYS_fallocate, "fallocate", ENOSPC},
    {SYS_fsync, "fsync", EIO},
    {SYS_fdatasync, "fdatasync", EIO},
    {SYS_mkdirat, "mkdirat", EROFS},
    {SYS_renameat, "renameat", EROFS},
    {SYS_renameat2, "renameat2", EROFS},
    {SYS_linkat, "linkat", EROFS},
#ifdef SYS_rename
    {SYS_mkdir, "mkdir", EROFS},
    {SYS_rename, "rename", EROFS},
    {SYS_link, "link", EROFS},
#endif
    {SYS_openat, "openat", EROFS}, /* that makes a file */
};
enum { CALLS = sizeof calls / sizeof *calls };

/* --- the child ------------------------------------------------------------------------------------------------------------ */

static struct sock_filter statement(unsigned short code, uint32_t k)
{
    return (struct sock_filter)BPF_STMT(code, k);
}

static struct sock_filter jump(unsigned short code, uint32_t k, unsigned char yes, unsigned char no)
{
    return (struct sock_filter)BPF_JUMP(code, k, yes, no);
}

/* The listener of a filter that asks about `calls`; -1 where there is none. */
static int listen_to_self(void)
{
    struct sock_filter f[3 * CALLS + 16];
    unsigned short n = 0;
    f[n++] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    f[n++] = jump(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    f[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    f[n++] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (int i = 0; i < CALLS; i++) {
        if (calls[i].number == SYS_write || calls[i].number == SYS_openat) continue;
        f[n++] = jump(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number, 0, 1);
        f[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    }
    f[n++] = jump(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 3);
    f[n++] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0]));
    f[n++] = jump(BPF_JMP | BPF_JEQ | BPF_K, STDERR_FILENO, 4, 5);
    f[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW); /* never reached */
    f[n++] = jump(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 2);
    f[n++] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2]));
    f[n++] = jump(BPF_JMP | BPF_JSET | BPF_K, O_CREAT, 1, 0);
    f[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    f[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    const struct sock_fprog program = {n, f};
    if (!ARCHITECTURE || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

void writes_begin(writes *w)
{
    w->seen = w->failed = 0;
    w->call = NULL;
    w->unsupported = w->to_stdout = false;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, w->sockets), 0);
}

typedef union control {
    struct cmsghdr head;
    char bytes[CMSG_SPACE(sizeof(int))];
} control;

void writes_before(void *context)
{
    const writes *w = context;
    const int listener = listen_to_self();
    char byte = listener >= 0 ? 'y' : 'n';
    struct iovec part = {&byte, 1};
    control c = {.head = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))}};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (listener >= 0) {
        memcpy(CMSG_DATA(&c.head), &listener, sizeof listener);
        message.msg_control = c.bytes;
        message.msg_controllen = sizeof c.bytes;
    }
    if (sendmsg(w->sockets[1], &message, 0) != 1) _exit(99);
    if (listener >= 0) close(listener);
    close(w->sockets[0]);
    close(w->sockets[1]);
}

/* --- the parent ------------------------------------------------------------------------------------------------------------ */

static int receive_listener(writes *w)
{
    char byte = 'n';
    struct iovec part = {&byte, 1};
    control c;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = c.bytes, .msg_controllen = sizeof c.bytes};
    close(w->sockets[1]);
    const ssize_t got = recvmsg(w->sockets[0], &message, MSG_CMSG_CLOEXEC);
    close(w->sockets[0]);
    const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    w->unsupported = got != 1 || byte != 'y' || !head;
    if (w->unsupported) return -1;
    int listener;
    memcpy(&listener, CMSG_DATA(head), sizeof listener);
    return listener;
}

/* Does the write for the child, by half. What that came to, or -1 when it cannot be done, and then the child does it itself. */
static ssize_t write_half(const struct seccomp_notif *asked, pid_t child)
{
    const int number = asked->data.nr;
    const size_t half = asked->data.args[2] / 2;
    if ((number != SYS_write && number != SYS_pwrite64) || half == 0) return -1;
    const int process = (int)syscall(SYS_pidfd_open, child, 0);
    const int file = process >= 0 ? (int)syscall(SYS_pidfd_getfd, process, (int)asked->data.args[0], 0) : -1;
    char *bytes = malloc(half);
    ssize_t done = -1;
    const struct iovec to = {bytes, half}, from = {(void *)(uintptr_t)asked->data.args[1], half};
    if (file >= 0 && bytes && process_vm_readv((pid_t)asked->pid, &to, 1, &from, 1, 0) == (ssize_t)half)
        done = number == SYS_write ? write(file, bytes, half) : pwrite(file, bytes, half, (off_t)asked->data.args[3]);
    free(bytes);
    if (file >= 0) close(file);
    if (process >= 0) close(process);
    return done;
}

static void answer(writes *w, int listener, const struct seccomp_notif *asked, pid_t child)
{
    struct seccomp_notif_resp reply = {.id = asked->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    int i = 0;
    while (i < CALLS && calls[i].number != asked->data.nr) i++;
    const long number = ++w->seen;
    if (i < CALLS && w->n > 0 && (w->how == WRITES_ONWARD ? number >= w->n : number == w->n)) {
        const ssize_t done = w->how == WRITES_SHORT ? write_half(asked, child) : -1;
        if (w->how != WRITES_SHORT || done >= 0) {
            reply.flags = 0;
            reply.val = done >= 0 ? done : 0;
            reply.error = done >= 0 ? 0 : -calls[i].error;
            if (w->failed++ == 0) {
                w->call = calls[i].name;
                w->to_stdout = calls[i].number == SYS_write && asked->data.args[0] == STDOUT_FILENO;
            }
        }
    }
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply); /* fails when the child is gone, which is no matter */
}

void writes_meanwhile(void *context, pid_t child)
{
    writes *w = context;
    const int listener = receive_listener(w);
    if (listener < 0) return;
    struct pollfd events = {.fd = listener, .events = POLLIN};
    while (poll(&events, 1, -1) >= 0 || errno == EINTR) {
        struct seccomp_notif asked = {0}; /* the kernel wants it empty */
        if (events.revents & POLLIN) {
            if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) == 0) answer(w, listener, &asked, child);
        } else if (events.revents & (POLLHUP | POLLERR)) {
            break;
        }
    }
    close(listener);
}
