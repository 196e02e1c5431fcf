// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "CLinuxABI.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

int linuxabi_enter_network_namespace(int descriptor) { return setns(descriptor, CLONE_NEWNET); }

int linuxabi_unshare_network_namespace(void) { return unshare(CLONE_NEWNET); }

int linuxabi_bind_mount(const char *source, const char *target, int recursive) {
    return mount(source, target, "none", MS_BIND | (recursive ? MS_REC : 0), NULL);
}

int linuxabi_make_mount_shared(const char *target) {
    return mount("", target, "none", MS_SHARED | MS_REC, NULL);
}

int linuxabi_detach_mount(const char *target) { return umount2(target, MNT_DETACH); }

int linuxabi_set_parent_death_signal(int signal) {
    return prctl(PR_SET_PDEATHSIG, (unsigned long)signal, 0, 0, 0);
}

int linuxabi_set_no_new_privileges(void) { return prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0, 0, 0); }

int linuxabi_drop_to(uid_t user, gid_t group) {
    if (setgroups(0, NULL) != 0) return -1;
    if (setresgid(group, group, group) != 0) return -1;
    return setresuid(user, user, user);
}

void linuxabi_name_thread(const char *name) { prctl(PR_SET_NAME, (unsigned long)name, 0, 0, 0); }

int linuxabi_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int linuxabi_create_mount_point(const char *path) {
    return open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
}

int linuxabi_open(const char *path, int flags) { return open(path, flags | O_CLOEXEC); }

const char *linuxabi_error_text(int code) {
    const char *text = strerrordesc_np(code);
    return text != NULL ? text : "unknown error";
}
